package coap

import "unicode/utf8"

// Number is an option number. Its lowest bit says that the option is critical:
// who does not know it must not go on.
type Number uint16

// The registered options.
const (
	IfMatch       Number = 1
	URIHost       Number = 3
	ETag          Number = 4
	IfNoneMatch   Number = 5
	Observe       Number = 6 // RFC 7641
	URIPort       Number = 7
	LocationPath  Number = 8
	OSCORE        Number = 9 // RFC 8613
	URIPath       Number = 11
	ContentFormat Number = 12
	MaxAge        Number = 14
	URIQuery      Number = 15
	HopLimit      Number = 16 // RFC 8768
	Accept        Number = 17
	QBlock1       Number = 19 // RFC 9177
	LocationQuery Number = 20
	EDHOC         Number = 21 // RFC 9668
	Block2        Number = 23 // RFC 7959
	Block1        Number = 27
	Size2         Number = 28
	QBlock2       Number = 31
	ProxyURI      Number = 35
	ProxyScheme   Number = 39
	Size1         Number = 60
	Echo          Number = 252 // RFC 9175
	NoResponse    Number = 258 // RFC 7967
	RequestTag    Number = 292
	OCFAccept     Number = 2049
	OCFContent    Number = 2053
)

// Critical reports whether a receiver that does not know the option must
// refuse the message.
func (n Number) Critical() bool { return n&1 != 0 }

// format is how the value of an option is written.
type format uint8

const (
	opaque format = iota
	empty
	uinteger
	text
)

// limits are what the standards allow of one option.
type limits struct {
	number   Number
	format   format
	min, max uint16
	repeats  bool
}

// registered is the registry of options, by number.
var registered = [...]limits{
	{IfMatch, opaque, 0, 8, true},
	{URIHost, text, 1, 255, false},
	{ETag, opaque, 1, 8, true},
	{IfNoneMatch, empty, 0, 0, false},
	{Observe, uinteger, 0, 3, false},
	{URIPort, uinteger, 0, 2, false},
	{LocationPath, text, 0, 255, true},
	{OSCORE, opaque, 0, 255, false},
	{URIPath, text, 0, 255, true},
	{ContentFormat, uinteger, 0, 2, false},
	{MaxAge, uinteger, 0, 4, false},
	{URIQuery, text, 0, 255, true},
	{HopLimit, uinteger, 1, 1, false},
	{Accept, uinteger, 0, 2, false},
	{QBlock1, uinteger, 0, 3, false},
	{LocationQuery, text, 0, 255, true},
	{EDHOC, empty, 0, 0, false},
	{Block2, uinteger, 0, 3, false},
	{Block1, uinteger, 0, 3, false},
	{Size2, uinteger, 0, 4, false},
	{QBlock2, uinteger, 0, 3, true},
	{ProxyURI, text, 1, 1034, false},
	{ProxyScheme, text, 1, 255, false},
	{Size1, uinteger, 0, 4, false},
	{Echo, opaque, 1, 40, false},
	{NoResponse, uinteger, 0, 1, false},
	{RequestTag, opaque, 0, 8, true},
	{OCFAccept, uinteger, 2, 2, false},
	{OCFContent, uinteger, 2, 2, false},
}

// signalOptions are the options of RFC 8323 signals, which have a meaning of
// their own for each code, by code detail.
var signalOptions = [6][]limits{
	1: {{2, uinteger, 0, 4, false}, {4, empty, 0, 0, false}, {6, uinteger, 0, 3, false}},
	2: {{2, empty, 0, 0, false}},
	3: {{2, empty, 0, 0, false}},
	4: {{2, text, 1, 255, true}, {4, uinteger, 0, 3, false}},
	5: {{2, uinteger, 0, 2, false}},
}

// limitsOf gives what the standards say of the option in a message with code
// c, or nil when they do not know it.
func limitsOf(c Code, n Number) *limits {
	list := registered[:]
	if c.Signal() {
		if int(c.Detail()) >= len(signalOptions) {
			return nil
		}
		list = signalOptions[c.Detail()]
	}
	for i := range list {
		if list[i].number >= n {
			if list[i].number == n {
				return &list[i]
			}
			break
		}
	}
	return nil
}

// Option is one option.
type Option struct {
	Number Number
	Value  []byte
}

// Uint gives the value as a number; leading zeros are allowed, and of more
// than four bytes the last four count.
func (o Option) Uint() uint32 {
	var v uint32
	for _, c := range o.Value {
		v = v<<8 | uint32(c)
	}
	return v
}

// Block is the value of a Block1 or Block2 option (RFC 7959 section 2.2).
type Block struct {
	Num  uint32
	More bool
	SZX  uint8 // 0 to 6 for 16 to 1024 bytes; 7 is BERT, in streams only
}

// Size gives the bytes of a block.
func (b Block) Size() int { return 16 << min(b.SZX, 6) }

// Block reads the value as that of a Block option.
func (o Option) Block() Block {
	v := o.Uint()
	return Block{Num: v >> 4, More: v&8 != 0, SZX: uint8(v & 7)}
}

// Uint gives the option value of b.
func (b Block) Uint() uint32 {
	v := b.Num<<4 | uint32(b.SZX&7)
	if b.More {
		v |= 8
	}
	return v
}

// check holds an option's value against the standards.
func (o Option) check(l *limits, m *Message) *Fault {
	if len(o.Value) < int(l.min) || len(o.Value) > int(l.max) {
		return ErrOptionLength
	}
	if l.format == text && !utf8.Valid(o.Value) {
		return ErrOptionUTF8
	}
	if m.Code.Signal() {
		return nil
	}
	switch o.Number {
	case URIPath, LocationPath:
		if string(o.Value) == "." || string(o.Value) == ".." {
			return ErrDotSegment
		}
	case HopLimit:
		if o.Uint() == 0 {
			return ErrHopLimit
		}
	case Block1, Block2, QBlock1, QBlock2:
		if o.Block().SZX == 7 && !m.Stream {
			return ErrBlockSize
		}
	}
	return nil
}
