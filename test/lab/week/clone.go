package week

import (
	"net/netip"
	"reflect"
	"strconv"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// clone copies a fact with everything below it.
func clone(f *event.Fact) *event.Fact {
	c := *f
	body := reflect.New(reflect.TypeOf(f.Body).Elem())
	deepCopy(body.Elem(), reflect.ValueOf(f.Body).Elem())
	c.Body = body.Interface().(event.Body)
	return &c
}

func deepCopy(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.String:
		to.SetString(strings.Clone(from.String()))
	case reflect.Slice:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			deepCopy(to.Index(i), from.Index(i))
		}
	case reflect.Struct:
		if from.Type() == addrType || from.NumField() > 0 && !from.Type().Field(0).IsExported() {
			to.Set(from)
			return
		}
		for i := range from.NumField() {
			deepCopy(to.Field(i), from.Field(i))
		}
	case reflect.Array:
		reflect.Copy(to, from)
	default:
		to.Set(from)
	}
}

var (
	addrType = reflect.TypeFor[netip.Addr]()
	macType  = reflect.TypeFor[ident.MAC]()
)

// own lists the fields whose text names one device: each device has its own.
var own = map[string]bool{"ClientID": true, "Client": true, "Hostname": true, "HostName": true, "Serial": true, "Instance": true, "USN": true, "UUID": true, "CallingAE": true}

// mover turns a recorded fact into one of a unit at another time.
type mover struct {
	unit        *unit
	shift       int64
	first, last int64 // times between are times of the recording
}

func (m *mover) fact(f *event.Fact) {
	f.Time += m.shift
	f.Src, f.Dst = m.addr(f.Src), m.addr(f.Dst)
	f.SrcMAC, f.DstMAC = m.mac(f.SrcMAC), m.mac(f.DstMAC)
	m.value(reflect.ValueOf(f.Body).Elem(), "")
}

func (m *mover) addr(a netip.Addr) netip.Addr {
	if to, ok := m.unit.addrs[a]; ok {
		return to
	}
	return a
}

func (m *mover) mac(a ident.MAC) ident.MAC {
	if to, ok := m.unit.macs[a]; ok {
		return to
	}
	return a
}

func (m *mover) value(v reflect.Value, field string) {
	switch {
	case v.Type() == addrType:
		v.Set(reflect.ValueOf(m.addr(v.Interface().(netip.Addr))))
	case v.Type() == macType:
		v.Set(reflect.ValueOf(m.mac(v.Interface().(ident.MAC))))
	case v.Kind() == reflect.Int64 && v.Int() > m.first && v.Int() < m.last:
		v.SetInt(v.Int() + m.shift)
	case v.Kind() == reflect.String && v.Len() > 0:
		v.SetString(m.text(v.String(), field))
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			m.value(v.Index(i), field)
		}
	case v.Kind() == reflect.Struct && v.NumField() > 0 && v.Type().Field(0).IsExported():
		for i := range v.NumField() {
			m.value(v.Field(i), v.Type().Field(i).Name)
		}
	}
}

func (m *mover) text(s, field string) string {
	if own[field] {
		return s + "-" + strconv.Itoa(m.unit.number)
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return m.addr(a).String()
	}
	return s
}
