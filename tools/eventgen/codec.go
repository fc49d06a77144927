package main

import (
	"fmt"
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
		p("\n// AppendCBOR appends the body as a map of the fields that are not zero.\nfunc (x *%s) AppendCBOR(b []byte) []byte {", s.name)
	} else {
		p("\nfunc (x *%s) appendCBOR(b []byte) []byte {", s.name)
	}
	p("b = cbor.OpenMap(b)")
	for _, f := range s.fields {
		if !f.local {
			encodeField(p, structs, f)
		}
	}
	p("return cbor.CloseMap(b)\n}")
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

func encodeField(p printer, structs map[string]*structType, f field) {
	x := "x." + f.name
	elem := strings.TrimPrefix(f.typ, "[]")
	put := func(cond, value string) {
		p("if %s {\nb = cbor.AppendUint(b, %d)\n%s\n}", cond, f.key, value)
	}
	switch {
	case f.typ == "[]string":
		put("len("+x+") > 0", fmt.Sprintf("b = cbor.AppendArray(b, len(%s))\nfor _, v := range %s {\nb = cbor.AppendText(b, v)\n}", x, x))
	case elem != f.typ && structs[elem] != nil:
		put("len("+x+") > 0", fmt.Sprintf("b = cbor.AppendArray(b, len(%s))\nfor i := range %s {\nb = %s[i].appendCBOR(b)\n}", x, x, x))
	case structs[f.typ] != nil:
		p("{\nmark := len(b)\nb = cbor.AppendUint(b, %d)\nbegin := len(b)\nb = %s.appendCBOR(b)\nif len(b) == begin+2 {\nb = b[:mark]\n}\n}", f.key, x)
	case f.typ == "string":
		put(x+` != ""`, "b = cbor.AppendText(b, "+x+")")
	case f.typ == "OpClass":
		put(x+` != ""`, "b = cbor.AppendText(b, string("+x+"))")
	case f.typ == "Proto":
		put(x+" != ProtoUnknown", "b = cbor.AppendText(b, "+x+".String())")
	case f.typ == "bool":
		put(x, "b = cbor.AppendBool(b, true)")
	case f.typ == "Dir", strings.HasPrefix(f.typ, "uint"):
		put(x+" != 0", "b = cbor.AppendUint(b, uint64("+x+"))")
	case strings.HasPrefix(f.typ, "int"):
		put(x+" != 0", "b = cbor.AppendInt(b, int64("+x+"))")
	case f.typ == "netip.Addr":
		put(x+".IsValid()", "b = cbor.AppendAddr(b, "+x+")")
	case f.typ == "Secret":
		put("!"+x+".IsZero()", "b = appendSecretCBOR(b, &"+x+")")
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
