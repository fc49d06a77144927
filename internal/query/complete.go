package query

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Suggestion is something that can stand where the cursor is.
type Suggestion struct {
	Insert   string // what replaces the text from From to To
	From, To int    // bytes
	Kind     string // field, value, operator or keyword
	Doc      string
}

// maxSuggestions bounds what is offered at a time.
const maxSuggestions = 50

// Complete says what can stand at a place in a query that is being written.
// values gives what the caller knows of a field beside what the registry has:
// sensors, sites, devices; it may be nil.
func Complete(text string, at int, values func(*Field) []string) []Suggestion {
	at = min(max(at, 0), len(text), maxText)
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at--
	}
	c := completion{at: at}
	w := wordBefore(text[:at])
	if w.field != "" {
		f := FieldByName(w.field)
		if f == nil {
			return nil
		}
		c.values(f, w, values)
		return c.list
	}
	c.fields(w, text[at:])
	return c.list
}

// word is what is being written.
type word struct {
	from   int    // where it begins, without signs of negation
	text   string // up to the cursor
	field  string // whose value it is; empty when it is not one
	op     string
	quoted bool
	first  bool // nothing stands before it that and, or could join
}

// wordBefore reads a query from its beginning, since only so it is known what
// is in quotes and in lists.
func wordBefore(s string) word {
	p := &parser{s: s}
	w := word{first: true}
	for {
		p.space()
		for p.pos < len(s) && (s[p.pos] == '(' || s[p.pos] == ')') {
			w.first = s[p.pos] == '('
			p.pos++
			p.space()
		}
		for p.pos < len(s) && (s[p.pos] == '-' || s[p.pos] == '!') {
			p.pos++
		}
		w.from, w.field, w.op, w.quoted = p.pos, "", "", false
		end := p.fieldName()
		name := s[p.pos:end]
		rest := p.pos
		p.pos = end
		if op := p.operator(); op != "" && name != "" {
			w.field, w.op, w.from = name, op, p.pos
			if p.pos < len(s) && s[p.pos] == '(' {
				if inList(p, &w) {
					return w
				}
				w.first = false
				continue
			}
		} else {
			p.pos = rest
		}
		if atEnd(p, &w, false) {
			return w
		}
		if p.pos == w.from && p.pos < len(s) && s[p.pos] != '(' && s[p.pos] != ')' {
			p.pos++ // nothing else could be read
		}
		w.first = strings.EqualFold(s[w.from:p.pos], "and") || strings.EqualFold(s[w.from:p.pos], "or") || strings.EqualFold(s[w.from:p.pos], "not")
	}
}

// atEnd reads a value and reports whether the text ends with it.
func atEnd(p *parser, w *word, list bool) bool {
	from := p.pos
	p.err = nil
	w.text, w.quoted = p.value(list)
	if p.err != nil { // a quotation mark that is not closed, or nothing
		if w.quoted {
			w.text = p.s[from+1:]
		}
		p.err = nil
		return w.quoted || p.pos >= len(p.s)
	}
	return p.pos >= len(p.s) && (!w.quoted || !strings.HasSuffix(p.s, `"`))
}

// inList reads a list and reports whether the text ends within it.
func inList(p *parser, w *word) bool {
	p.pos++
	for {
		for p.pos < len(p.s) && (isSpace(p.s[p.pos]) || p.s[p.pos] == ',') {
			p.pos++
		}
		w.from, w.quoted = p.pos, false
		switch {
		case p.pos >= len(p.s):
			w.text = ""
			return true
		case p.s[p.pos] == ')':
			p.pos++
			return false
		case atEnd(p, w, true):
			return true
		case p.pos == w.from:
			p.pos++
		}
	}
}

type completion struct {
	at   int
	list []Suggestion
}

func (c *completion) add(s Suggestion) {
	if len(c.list) < maxSuggestions {
		s.To = c.at
		c.list = append(c.list, s)
	}
}

func (c *completion) values(f *Field, w word, more func(*Field) []string) {
	known := append([]string(nil), f.Values...)
	if more != nil {
		known = append(known, more(f)...)
	}
	switch {
	case f.Name == lastField:
		known = append(known, "15m", "1h", "24h", "7d")
	case f.Type == TypeTime:
		known = append(known, "-1h", "-24h", "-7d", "now")
	}
	begun := strings.ToLower(w.text)
	sort.SliceStable(known, func(i, j int) bool { // those that begin so first
		return strings.HasPrefix(strings.ToLower(known[i]), begun) && !strings.HasPrefix(strings.ToLower(known[j]), begun)
	})
	seen := map[string]bool{}
	for _, v := range known {
		if seen[v] || !strings.Contains(strings.ToLower(v), begun) {
			continue
		}
		seen[v] = true
		c.add(Suggestion{Insert: Quote(v), From: w.from, Kind: "value", Doc: f.Doc})
	}
}

// Quote writes a value so that a query has it as it is.
func Quote(v string) string {
	if v != "" && !strings.ContainsAny(v, " \t\r\n\"(),*\\") {
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}

func (c *completion) fields(w word, behind string) {
	if w.quoted {
		return
	}
	begun := strings.ToLower(w.text)
	op := ":"
	if behind != "" && strings.ContainsRune(":=<>~!", rune(behind[0])) {
		op = ""
	}
	add := func(f *Field, name string) {
		c.add(Suggestion{Insert: name + op, From: w.from, Kind: "field", Doc: f.Doc})
	}
	if f := FieldByName(begun); f != nil {
		for _, o := range operatorsOf(f) {
			c.add(Suggestion{Insert: w.text + o.op, From: w.from, Kind: "operator", Doc: o.doc})
		}
	}
	if begun != "" && !w.first {
		for _, k := range []string{"and", "or", "not"} {
			if strings.HasPrefix(k, begun) {
				c.add(Suggestion{Insert: k, From: w.from, Kind: "keyword"})
			}
		}
	} else if begun != "" && strings.HasPrefix("not", begun) {
		c.add(Suggestion{Insert: "not", From: w.from, Kind: "keyword"})
	}
	for _, f := range Fields() {
		if len(f.Columns) > 0 && strings.HasPrefix(f.Name, begun) {
			add(f, f.Name)
		}
	}
	for _, f := range Fields() {
		for _, a := range f.Aliases {
			if begun != "" && strings.HasPrefix(a, begun) {
				add(f, a)
			}
		}
	}
	for _, f := range Fields() {
		if len(f.Columns) == 0 && strings.HasPrefix(f.Name, begun) {
			add(f, f.Name)
		}
	}
	if begun == "" {
		return
	}
	for _, f := range Fields() {
		if !strings.HasPrefix(f.Name, begun) && strings.Contains(f.Name, begun) {
			add(f, f.Name)
		}
	}
}

type operatorDoc struct{ op, doc string }

// operatorsOf gives the operators that make sense for a field.
func operatorsOf(f *Field) []operatorDoc {
	equal := []operatorDoc{{":", "is; * stands for any text, (a,b) for one of several"}, {"!=", "is not"}}
	order := []operatorDoc{{">", "more or later than"}, {"<", "less or earlier than"}}
	switch f.Type {
	case TypeInt, TypeTime:
		return append(equal, order...)
	case TypeString, TypeMAC, TypeSecret:
		return append(equal, operatorDoc{"~", "has in it"}, operatorDoc{"=", "is exactly, with upper and lower case"})
	}
	return equal
}
