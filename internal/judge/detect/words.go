package detect

import "bytes"

// wordList finds which of some lower-case words of at least two bytes a text
// holds, in one pass over it.
type wordList struct {
	list  [][]byte
	heads [512]uint8 // one more than the index of the first word that begins with such a pair of bytes
	next  []uint8    // the same for the next such word
}

func words(w ...string) *wordList {
	l := &wordList{next: make([]uint8, len(w))}
	for i := range w {
		l.list = append(l.list, []byte(w[i]))
		h := &l.heads[pairOf(w[i][0], w[i][1])]
		l.next[i], *h = *h, uint8(i+1)
	}
	return l
}

// pairOf hashes two bytes to a place in heads.
func pairOf(a, b byte) uint16 { return (uint16(a)<<4 ^ uint16(b)) & 511 }

// in reports whether a text in lower case holds any of the words.
func (l *wordList) in(n []byte) bool {
	for i := 1; i < len(n); i++ {
		for w := l.heads[pairOf(n[i-1], n[i])]; w != 0; w = l.next[w-1] {
			if bytes.HasPrefix(n[i-1:], l.list[w-1]) {
				return true
			}
		}
	}
	return false
}

// first gives the index of the first word of the list, in the list's order,
// for which ok holds somewhere in a text in lower case, or -1. Ok is told
// where the word begins.
func (l *wordList) first(n []byte, ok func(word, at int) bool) int {
	best := len(l.list)
	for i := 1; i < len(n); i++ {
		for w := l.heads[pairOf(n[i-1], n[i])]; w != 0; w = l.next[w-1] {
			if int(w-1) < best && bytes.HasPrefix(n[i-1:], l.list[w-1]) && ok(int(w-1), i-1) {
				best = int(w - 1)
			}
		}
	}
	if best == len(l.list) {
		return -1
	}
	return best
}

// maxFolded is how much of a text inFold looks at.
const maxFolded = 1024

// inFold reports whether a text holds any of the words, in whatever case,
// within its first kilobyte.
func (l *wordList) inFold(text string) bool {
	text = text[:min(len(text), maxFolded)]
	if len(text) < 2 {
		return false
	}
	before := lowered[text[0]]
	for i := 1; i < len(text); i++ {
		c := lowered[text[i]]
		for w := l.heads[pairOf(before, c)]; w != 0; w = l.next[w-1] {
			if beginsFold(text[i-1:], l.list[w-1]) {
				return true
			}
		}
		before = c
	}
	return false
}

// beginsFold reports whether a text begins with a word in whatever case.
func beginsFold(text string, word []byte) bool {
	if len(text) < len(word) {
		return false
	}
	for i, c := range word {
		if lowered[text[i]] != c {
			return false
		}
	}
	return true
}

// lowered turns letters into small ones (ASCII).
var lowered = func() (t [256]byte) {
	for i := range t {
		if t[i] = byte(i); 'A' <= i && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

// lower appends text in lower case (ASCII) to b.
func lower(b []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		b = append(b, lowered[text[i]])
	}
	return b
}
