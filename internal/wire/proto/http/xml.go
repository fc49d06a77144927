package http

import (
	"bytes"

	"edgeward/internal/wire/proto/textline"
)

// element is the start tag of an XML element with the text that follows it.
// Views into the document.
type element struct {
	name       []byte // without namespace prefix
	attributes []byte // as they are
	text       []byte // up to the next tag, as it is
}

// nextElement gives the next element of a document and what follows its text;
// rest is nil at the end. It takes what devices write for XML, cut documents
// included, so it checks nothing.
func nextElement(doc []byte) (e element, rest []byte) {
	for {
		i := bytes.IndexByte(doc, '<')
		if i < 0 {
			return element{}, nil
		}
		doc = doc[i+1:]
		if bytes.HasPrefix(doc, []byte("!--")) {
			end := bytes.Index(doc, []byte("-->"))
			if end < 0 {
				return element{}, nil
			}
			doc = doc[end+3:]
			continue
		}
		if len(doc) > 0 && doc[0] != '/' && doc[0] != '!' && doc[0] != '?' {
			break
		}
	}
	end := bytes.IndexByte(doc, '>')
	if end < 0 {
		return element{}, nil
	}
	tag := doc[:end]
	rest = doc[end+1:]
	e.name = tag
	if i := bytes.IndexAny(tag, " \t\r\n/"); i >= 0 {
		e.name, e.attributes = tag[:i], tag[i:]
	}
	if i := bytes.IndexByte(e.name, ':'); i >= 0 {
		e.name = e.name[i+1:]
	}
	e.text = rest
	if next := bytes.IndexByte(rest, '<'); next >= 0 {
		e.text, rest = rest[:next], rest[next:]
	} else {
		rest = rest[len(rest):]
	}
	e.text = bytes.TrimSpace(e.text)
	if len(tag) > 0 && tag[len(tag)-1] == '/' {
		e.text = nil
	}
	return e, rest
}

// entities are the predefined ones and those that web pages add often.
var entities = [...]struct{ name, text string }{
	{"amp;", "&"}, {"lt;", "<"}, {"gt;", ">"}, {"quot;", `"`}, {"apos;", "'"}, {"nbsp;", " "}, {"#39;", "'"}, {"#34;", `"`}, {"#38;", "&"},
}

// plain appends at most n bytes of element text: entities become characters,
// runs of white space one space.
func plain(dst, b []byte, n int) []byte {
	start := len(dst)
	b = bytes.TrimSpace(b)
	for i := 0; i < len(b) && len(dst)-start < n; i++ {
		c := b[i]
		switch {
		case c == '&':
			if size, text := entity(b[i+1:]); size > 0 {
				dst = append(dst, text...)
				i += size
				continue
			}
		case c == '\t' || c == '\r' || c == '\n' || c == ' ':
			if len(dst) > start && dst[len(dst)-1] == ' ' {
				continue
			}
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

func entity(b []byte) (size int, text string) {
	for i := range entities {
		if e := &entities[i]; len(b) >= len(e.name) && string(b[:len(e.name)]) == e.name {
			return len(e.name), e.text
		}
	}
	return 0, ""
}

// isXML reports whether a media type is XML.
func isXML(mediaType []byte) bool { return textline.Index(mediaType, "xml") >= 0 }

// title appends the title of a web page, at most 128 bytes; the page may be
// cut, the title not.
func title(dst, page []byte) []byte {
	i := textline.Index(page, "<title")
	if i < 0 {
		return dst
	}
	page = page[i+len("<title"):]
	open := bytes.IndexByte(page, '>')
	if open < 0 {
		return dst
	}
	page = page[open+1:]
	end := textline.Index(page, "</title")
	if end < 0 {
		return dst
	}
	return plain(dst, page[:end], 128)
}
