package main

import (
	"log"
	"strings"
)

// checkKeys wants every field of a struct to have a number of its own.
func (s *structType) checkKeys() {
	seen := map[uint64]string{}
	for _, f := range s.fields {
		if f.local {
			continue
		}
		if other := seen[f.key]; other != "" {
			log.Fatalf("%s: %s and %s have the same cbor number %d", s.name, other, f.name, f.key)
		}
		seen[f.key] = f.name
	}
}

// codec writes AppendCBOR and DecodeCBOR: a map with integer keys that holds
// the fields that are not zero.
func codec(p printer, structs map[string]*structType, s *structType) {
	if s.kind != "" {
		p("\n// AppendCBOR appends the body as a map of the fields that are not zero.\nfunc (x *%s) AppendCBOR(b []byte) []byte {\nw := &cbor.Writer{B: b}\nx.appendCBOR(w)\nreturn w.B\n}", s.name)
	}
	p("\nfunc (x *%s) appendCBOR(w *cbor.Writer) {\nw.Open()", s.name)
	for _, f := range s.fields {
		if !f.local {
			encodeField(p, structs, f)
		}
	}
	p("w.Close()\n}")
	if s.kind != "" {
		p("\n// DecodeCBOR reads what AppendCBOR wrote; text becomes part of s.\nfunc (x *%s) DecodeCBOR(s string) error {", s.name)
		p("x.Reset()\nr := cbor.NewReader(s)\nx.decodeCBOR(&r)\nreturn endOf(&r)\n}")
	}
	p("\nfunc (x *%s) decodeCBOR(r *cbor.Reader) {", s.name)
	p("for n := r.Map(); r.More(&n); {\nswitch r.Key() {")
	for _, f := range s.fields {
		if !f.local {
			p("case %d:", f.key)
			decodeField(p, structs, f)
		}
	}
	p("default:\nr.Skip()\n}\n}\n}")
}

// encodeField writes one call of the cbor.Writer, or a few for a list.
func encodeField(p printer, structs map[string]*structType, f field) {
	x := "x." + f.name
	elem := strings.TrimPrefix(f.typ, "[]")
	call := func(method, value string) { p("w.%s(%d, %s)", method, f.key, value) }
	switch {
	case f.typ == "[]string":
		call("Texts", x)
	case elem != f.typ && structs[elem] != nil:
		p("if w.Array(%d, len(%s)) {\nfor i := range %s {\n%s[i].appendCBOR(w)\n}\n}", f.key, x, x, x)
	case structs[f.typ] != nil:
		p("{\nmark := len(w.B)\nvalue := w.Key(%d)\n%s.appendCBOR(w)\nw.DropEmpty(mark, value)\n}", f.key, x)
	case f.typ == "string":
		call("Text", x)
	case f.typ == "OpClass":
		call("Text", "string("+x+")")
	case f.typ == "Proto":
		p("if %s != ProtoUnknown {\nw.Text(%d, %s.String())\n}", x, f.key, x)
	case f.typ == "bool":
		call("Bool", x)
	case f.typ == "Dir", strings.HasPrefix(f.typ, "uint"):
		call("Uint", "uint64("+x+")")
	case strings.HasPrefix(f.typ, "int"):
		call("Int", "int64("+x+")")
	case f.typ == "netip.Addr":
		call("Addr", "&"+x)
	case f.typ == "Secret":
		p("if !%s.IsZero() {\nw.Key(%d)\nw.B = appendSecretCBOR(w.B, &%s)\n}", x, f.key, x)
	default:
		log.Fatalf("field %s has type %s, which the codec does not cover", f.name, f.typ)
	}
}

func decodeField(p printer, structs map[string]*structType, f field) {
	x := "x." + f.name
	elem := strings.TrimPrefix(f.typ, "[]")
	switch {
	case f.typ == "[]string":
		p("for m := r.Array(); r.More(&m); {\n%s = append(%s, r.Text())\n}", x, x)
	case elem != f.typ && structs[elem] != nil:
		p("for m := r.Array(); r.More(&m); {\n%s = append(%s, %s{})\n%s[len(%s)-1].decodeCBOR(r)\n}", x, x, elem, x, x)
	case structs[f.typ] != nil:
		p("%s.decodeCBOR(r)", x)
	case f.typ == "string":
		p("%s = r.Text()", x)
	case f.typ == "OpClass":
		p("%s = OpClass(r.Text())", x)
	case f.typ == "Proto":
		p("%s = ProtoByName(r.Text())", x)
	case f.typ == "bool":
		p("%s = r.Bool()", x)
	case f.typ == "Dir":
		p("%s = Dir(r.Uint(8))", x)
	case strings.HasPrefix(f.typ, "uint"):
		p("%s = %s(r.Uint(%s))", x, f.typ, strings.TrimPrefix(f.typ, "uint"))
	case strings.HasPrefix(f.typ, "int"):
		p("%s = %s(r.Int(%s))", x, f.typ, strings.TrimPrefix(f.typ, "int"))
	case f.typ == "netip.Addr":
		p("%s = r.Addr()", x)
	case f.typ == "Secret":
		p("%s = readSecretCBOR(r)", x)
	}
}

// newBody writes the constructor of bodies by kind.
func newBody(p printer, kinds []*structType) {
	p("\n// NewBody makes an empty body of a kind, nil for an unknown one.\nfunc NewBody(k Kind) Body {\nswitch k {")
	for _, s := range kinds {
		p("case Kind%s:\nreturn new(%s)", s.name, s.name)
	}
	p("}\nreturn nil\n}")
}
