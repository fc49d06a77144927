package cbor

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Marshal appends a struct as a map from the numbers in its fields' cbor tags
// to those values that are not empty, by reflection: for what travels seldom.
// Fields may be numbers, booleans, strings, bytes, addresses, structs,
// pointers to structs, and slices and maps by text of these; any other type is
// a mistake in the program and panics. Equal values give equal bytes.
func Marshal(b []byte, v any) []byte {
	return marshal(b, reflect.Indirect(reflect.ValueOf(v)))
}

// Unmarshal reads what Marshal wrote into the struct that v points to. Numbers
// that it does not know are passed over. Text and bytes are copied.
func Unmarshal(s string, v any) error {
	r := &structReader{Reader: NewReader(s), left: maxElements}
	r.value(reflect.ValueOf(v).Elem())
	if r.err == nil && r.Len() > 0 {
		return errTrailing
	}
	return r.err
}

var errTrailing = errors.New("cbor: there is more behind the value")

// maxElements bounds the elements of all slices and maps that are read at
// once: one byte of CBOR can be a whole struct in memory.
const maxElements = 1 << 20

var addrType = reflect.TypeFor[netip.Addr]()

// member is a field that travels.
type member struct {
	number uint64
	index  int
}

var memberCache sync.Map // reflect.Type to []member

// members gives the fields of a struct by their number.
func members(t reflect.Type) []member {
	if m, ok := memberCache.Load(t); ok {
		return m.([]member)
	}
	var list []member
	for i := range t.NumField() {
		tag, _, _ := strings.Cut(t.Field(i).Tag.Get("cbor"), ",")
		if n, err := strconv.ParseUint(tag, 10, 64); err == nil {
			list = append(list, member{n, i})
		}
	}
	slices.SortFunc(list, func(x, y member) int { return cmp.Compare(x.number, y.number) })
	memberCache.Store(t, list)
	return list
}

func empty(v reflect.Value) bool {
	if k := v.Kind(); k == reflect.Slice || k == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}

func marshal(b []byte, v reflect.Value) []byte {
	if v.Type() == addrType {
		return AppendAddr(b, v.Interface().(netip.Addr))
	}
	switch v.Kind() {
	case reflect.Bool:
		return AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return AppendInt(b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return AppendUint(b, v.Uint())
	case reflect.Float64:
		return AppendFloat(b, v.Float())
	case reflect.String:
		return AppendText(b, v.String())
	case reflect.Pointer:
		return marshal(b, v.Elem())
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return AppendBytes(b, bytesOf(v))
		}
		b = AppendArray(b, v.Len())
		for i := range v.Len() {
			b = marshal(b, v.Index(i))
		}
		return b
	case reflect.Map:
		keys := make([]string, 0, v.Len())
		for _, k := range v.MapKeys() {
			keys = append(keys, k.String())
		}
		slices.Sort(keys)
		b = OpenMap(b)
		for _, k := range keys {
			b = marshal(AppendText(b, k), v.MapIndex(reflect.ValueOf(k)))
		}
		return CloseMap(b)
	case reflect.Struct:
		b = OpenMap(b)
		for _, m := range members(v.Type()) {
			if f := v.Field(m.index); !empty(f) {
				b = marshal(AppendUint(b, m.number), f)
			}
		}
		return CloseMap(b)
	}
	panic(fmt.Sprintf("cbor: %s has no form", v.Type()))
}

// bytesOf gives the bytes of a slice, or of an array, which may have no
// address.
func bytesOf(v reflect.Value) []byte {
	if v.Kind() == reflect.Array {
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return b
	}
	return v.Bytes()
}

// structReader reads values into variables.
type structReader struct {
	Reader
	left  int // elements that may still come
	depth int // of pointers
}

// element reports whether an array or map has one more.
func (r *structReader) element(n *int) bool {
	if !r.More(n) {
		return false
	}
	if r.left--; r.left < 0 {
		r.Fail(ErrRange)
		return false
	}
	return true
}

func (r *structReader) value(v reflect.Value) {
	if v.Type() == addrType {
		v.Set(reflect.ValueOf(r.Addr()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.Int(v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(r.Uint(v.Type().Bits()))
	case reflect.Float64:
		v.SetFloat(r.Float())
	case reflect.String:
		v.SetString(strings.Clone(r.Text()))
	case reflect.Pointer:
		if r.depth++; r.depth > maxNesting {
			r.Fail(ErrDeep)
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		r.value(v.Elem())
		r.depth--
	case reflect.Slice:
		r.slice(v)
	case reflect.Array:
		if s := r.Text(); len(s) == v.Len() {
			reflect.Copy(v, reflect.ValueOf([]byte(s)))
		} else {
			r.Fail(ErrRange)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		elem := reflect.New(v.Type().Elem()).Elem()
		for n := r.Map(); r.element(&n); {
			key := strings.Clone(r.Text())
			elem.SetZero()
			r.value(elem)
			v.SetMapIndex(reflect.ValueOf(key), elem)
		}
	case reflect.Struct:
		list := members(v.Type())
		for n := r.Map(); r.More(&n); {
			number := r.Key()
			i, known := slices.BinarySearchFunc(list, number, func(m member, n uint64) int { return cmp.Compare(m.number, n) })
			if known {
				r.value(v.Field(list[i].index))
			} else {
				r.Skip()
			}
		}
	default:
		panic(fmt.Sprintf("cbor: %s has no form", v.Type()))
	}
}

func (r *structReader) slice(v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes([]byte(r.Text()))
		return
	}
	v.SetZero()
	for n := r.Array(); r.element(&n); {
		if v.Len() == v.Cap() {
			v.Grow(1)
		}
		v.SetLen(v.Len() + 1)
		last := v.Index(v.Len() - 1)
		last.SetZero()
		r.value(last)
	}
}

// AppendFloat appends a number as a binary64 of IEEE 754.
func AppendFloat(b []byte, v float64) []byte {
	n := math.Float64bits(v)
	return append(b, codeFloat64, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// Float reads a binary64.
func (r *Reader) Float() float64 {
	if r.pos < len(r.s) && r.s[r.pos] != codeFloat64 {
		r.Fail(ErrType)
	}
	_, v, _ := r.head()
	return math.Float64frombits(v)
}
