package amqp

import "encoding/binary"

// Performatives of AMQP 1.0, by descriptor (part 2 section 2.7, part 5
// section 5.3.3).
const (
	openFrame      = 0x10
	attachFrame    = 0x12
	closeFrame     = 0x18
	saslMechanisms = 0x40
	saslInit       = 0x41
	saslOutcome    = 0x44
	errorList      = 0x1d
	sourceList     = 0x28
	targetList     = 0x29
)

// Value is a value of the AMQP 1.0 type system (part 1): its constructor and
// its bytes, for compound types without size and count. Descriptor is set for
// described ones.
type Value struct {
	Code       byte
	Descriptor uint64
	Data       []byte
}

// ReadValue reads the value at the beginning of b and gives its size.
func ReadValue(b []byte) (v Value, n int, err error) {
	if len(b) == 0 {
		return v, 0, ErrFrame
	}
	if b[0] == 0 { // described: descriptor, then the value
		d, dn, err := readPlain(b[1:])
		if err != nil {
			return v, 0, err
		}
		v, n, err = readPlain(b[1+dn:])
		v.Descriptor = d.Uint()
		return v, 1 + dn + n, err
	}
	return readPlain(b)
}

// readPlain reads a value that is not described. The upper half of the
// constructor says how its size is told (part 1 section 1.2).
func readPlain(b []byte) (v Value, n int, err error) {
	if len(b) == 0 || b[0] < 0x40 {
		return v, 0, ErrFrame
	}
	v.Code = b[0]
	b = b[1:]
	size, head, count := 0, 0, 0
	switch b0 := v.Code >> 4; b0 {
	case 4:
	case 5, 6, 7, 8, 9:
		size = 1 << (b0 - 5)
	case 0xa, 0xc, 0xe:
		head = 1
	default:
		head = 4
	}
	if v.Code>>4 >= 0xc {
		count = head
	}
	if len(b) < head {
		return v, 0, ErrFrame
	}
	switch head {
	case 1:
		size = int(b[0])
	case 4:
		size = int(min(binary.BigEndian.Uint32(b), maxFrame))
	}
	if size < count || size > len(b)-head {
		return v, 0, ErrFrame
	}
	v.Data = b[head+count : head+size]
	return v, 1 + head + size, nil
}

// Uint gives the value as a number, 0 when it is none.
func (v Value) Uint() uint64 {
	if v.Code>>4 < 5 || v.Code>>4 > 8 {
		return 0
	}
	var n uint64
	for _, c := range v.Data {
		n = n<<8 | uint64(c)
	}
	return n
}

// Bytes gives a string, symbol or binary, nil when it is none.
func (v Value) Bytes() []byte {
	if h := v.Code >> 4; h != 0xa && h != 0xb {
		return nil
	}
	return v.Data
}

// Field gives the i-th element of a list, a null when it is left out.
func (v Value) Field(i int) Value {
	if v.Code != 0xc0 && v.Code != 0xd0 {
		return Value{}
	}
	b := v.Data
	for {
		e, n, err := ReadValue(b)
		if err != nil {
			return Value{}
		}
		if i == 0 {
			return e
		}
		i--
		b = b[n:]
	}
}

// Symbols calls f with each symbol of an array, or with a single one.
func (v Value) Symbols(f func([]byte)) {
	if s := v.Bytes(); s != nil {
		f(s)
		return
	}
	if v.Code != 0xe0 && v.Code != 0xf0 || len(v.Data) == 0 {
		return
	}
	code, b := v.Data[0], v.Data[1:]
	for len(b) > 0 {
		n, head := 0, 0
		switch {
		case code == 0xa3:
			n, head = int(b[0]), 1
		case code == 0xb3 && len(b) >= 4:
			n, head = int(min(binary.BigEndian.Uint32(b), maxFrame)), 4
		default:
			return
		}
		if n > len(b)-head {
			return
		}
		f(b[head : head+n])
		b = b[head+n:]
	}
}

// Lookup gives the string or symbol that a map has under the symbol name, nil
// when there is none.
func (v Value) Lookup(name string) []byte {
	if v.Code != 0xc1 && v.Code != 0xd1 {
		return nil
	}
	for b := v.Data; len(b) > 0; {
		key, n, err := ReadValue(b)
		if err != nil {
			return nil
		}
		val, m, err := ReadValue(b[n:])
		if err != nil {
			return nil
		}
		if string(key.Bytes()) == name {
			return val.Bytes()
		}
		b = b[n+m:]
	}
	return nil
}
