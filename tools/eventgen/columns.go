package main

import (
	"log"
	"strings"
)

// columnFields names the fields of event.Columns by tag; those that are true
// are sums.
var columnFields = map[string]struct {
	name string
	sum  bool
}{
	"name": {name: "Name"}, "verb": {name: "Verb"}, "path": {name: "Path"}, "user": {name: "User"}, "status": {name: "Status"},
	"proto": {name: "Protocol"}, "bytes_out": {"BytesOut", true}, "bytes_in": {"BytesIn", true}, "packets": {"Packets", true},
}

// columns writes the method that fills the promoted columns: of several fields
// for one column, the first that is not empty.
func columns(p printer, structs map[string]*structType, s *structType) {
	if s.kind != "" {
		p("\n// Columns fills in the columns that lists show.\nfunc (x *%s) Columns(c *Columns) {", s.name)
	} else if !promotes(structs, s) {
		return
	} else {
		p("\nfunc (x *%s) columns(c *Columns) {", s.name)
	}
	for _, f := range s.fields {
		x, elem := "x."+f.name, strings.TrimPrefix(f.typ, "[]")
		if n := structs[elem]; n != nil && promotes(structs, n) {
			if elem == f.typ {
				p("%s.columns(c)", x)
			} else {
				p("if len(%s) > 0 {\n%s[0].columns(c)\n}", x, x)
			}
			continue
		}
		if f.col == "" {
			continue
		}
		c, ok := columnFields[f.col]
		if !ok {
			log.Fatalf("%s.%s: there is no column %q", s.name, f.name, f.col)
		}
		to := "c." + c.name
		switch {
		case c.sum:
			p("%s += uint64(%s)", to, x)
		case f.typ == "[]string":
			p("if %s == \"\" && len(%s) > 0 {\n%s = %s[0]\n}", to, x, to, x)
		case f.typ == "Proto":
			p("if %s == \"\" {\n%s = %s.String()\n}", to, to, x)
		case f.typ == "string":
			p("if %s == \"\" {\n%s = %s\n}", to, to, x)
		case strings.HasPrefix(f.typ, "uint"):
			p("if %s == \"\" && %s != 0 {\n%s = uintText(uint64(%s))\n}", to, x, to, x)
		case strings.HasPrefix(f.typ, "int"):
			p("if %s == \"\" && %s != 0 {\n%s = intText(int64(%s))\n}", to, x, to, x)
		default:
			log.Fatalf("%s.%s: a column cannot be of type %s", s.name, f.name, f.typ)
		}
	}
	p("}")
}

// promotes reports whether s or a struct in it fills a column.
func promotes(structs map[string]*structType, s *structType) bool {
	for _, f := range s.fields {
		if f.col != "" {
			return true
		}
		if n := structs[strings.TrimPrefix(f.typ, "[]")]; n != nil && promotes(structs, n) {
			return true
		}
	}
	return false
}

// visit writes the method that shows every field that the registry lists,
// with its number there.
func visit(p printer, structs map[string]*structType, s *structType) {
	if s.kind == "" {
		p("\nfunc (x *%s) visit(at int, fn func(int, Value) bool) bool {", s.name)
	} else {
		p("\n// Visit calls fn with the fields that are not zero, and their places in the\n// registry's list, until it gives false.\nfunc (x *%s) Visit(fn func(int, Value) bool) bool {", s.name)
		p("const at = 0")
	}
	at := 0
	used := false
	for _, f := range s.fields {
		if f.eve == "-" {
			continue
		}
		used = true
		x, elem := "x."+f.name, strings.TrimPrefix(f.typ, "[]")
		if n := structs[elem]; n != nil {
			if elem == f.typ {
				p("if !%s.visit(at+%d, fn) {\nreturn false\n}", x, at)
			} else {
				p("for i := range %s {\nif !%s[i].visit(at+%d, fn) {\nreturn false\n}\n}", x, x, at)
			}
			at += leaves(structs, n)
			continue
		}
		show := func(cond, value string) {
			if f.keep {
				p("if !fn(at+%d, %s) {\nreturn false\n}", at, value)
				return
			}
			p("if %s && !fn(at+%d, %s) {\nreturn false\n}", cond, at, value)
		}
		switch {
		case f.typ == "[]string":
			p("for _, v := range %s {\nif !fn(at+%d, TextValue(v)) {\nreturn false\n}\n}", x, at)
		case f.time:
			show(x+" != 0", "TimeValue("+x+")")
		case f.typ == "string":
			show(x+` != ""`, "TextValue("+x+")")
		case f.typ == "OpClass":
			show(x+` != ""`, "TextValue(string("+x+"))")
		case f.typ == "Proto":
			show(x+" != ProtoUnknown", "TextValue("+x+".String())")
		case f.typ == "bool":
			show(x, "BoolValue("+x+")")
		case strings.HasPrefix(f.typ, "uint"):
			show(x+" != 0", "UintValue(uint64("+x+"))")
		case strings.HasPrefix(f.typ, "int"):
			show(x+" != 0", "IntValue(int64("+x+"))")
		case f.typ == "netip.Addr":
			show(x+".IsValid()", "AddrValue("+x+")")
		case f.typ == "Secret":
			show("!"+x+".IsZero()", "TextValue("+x+".String())")
		default:
			log.Fatalf("%s.%s: type %s cannot be visited", s.name, f.name, f.typ)
		}
		at++
	}
	if !used {
		p("_, _ = at, fn")
	}
	p("return true\n}")
}

// leaves counts the registry rows of s.
func leaves(structs map[string]*structType, s *structType) int {
	n := 0
	for _, f := range s.fields {
		if f.eve == "-" {
			continue
		}
		if nested := structs[strings.TrimPrefix(f.typ, "[]")]; nested != nil {
			n += leaves(structs, nested)
		} else {
			n++
		}
	}
	return n
}
