package dnp3

import "encoding/binary"

// Bits of the application control octet (clause 4.2.2.1).
const (
	AppFirst       = 0x80
	AppFinal       = 0x40
	AppConfirm     = 0x20
	AppUnsolicited = 0x10
	appSeq         = 0x0f
)

// Function codes (clause 4.2.2.5).
const (
	FuncConfirm             = 0
	FuncRead                = 1
	FuncWrite               = 2
	FuncSelect              = 3
	FuncOperate             = 4
	FuncDirectOperate       = 5
	FuncDirectOperateNoAck  = 6
	FuncImmediateFreeze     = 7
	FuncFreezeClearNoAck    = 10
	FuncFreezeAtTime        = 11
	FuncFreezeAtTimeNoAck   = 12
	FuncColdRestart         = 13
	FuncWarmRestart         = 14
	FuncInitializeData      = 15
	FuncInitializeApp       = 16
	FuncStartApp            = 17
	FuncStopApp             = 18
	FuncSaveConfiguration   = 19
	FuncEnableUnsolicited   = 20
	FuncDisableUnsolicited  = 21
	FuncAssignClass         = 22
	FuncDelayMeasurement    = 23
	FuncRecordCurrentTime   = 24
	FuncOpenFile            = 25
	FuncCloseFile           = 26
	FuncDeleteFile          = 27
	FuncGetFileInfo         = 28
	FuncAuthenticateFile    = 29
	FuncAbortFile           = 30
	FuncActivateConfig      = 31
	FuncAuthRequest         = 32
	FuncAuthRequestNoAck    = 33
	FuncResponse            = 129
	FuncUnsolicitedResponse = 130
	FuncAuthResponse        = 131
)

// Internal indications: the first octet is the high one.
const (
	IINNoFunction       = 0x0001
	IINObjectUnknown    = 0x0002
	IINParameterError   = 0x0004
	IINAlreadyExecuting = 0x0010
)

// Fragment is an application message. Objects is a view into the input.
type Fragment struct {
	Control  uint8
	Function uint8
	IIN      uint16 // responses only
	Objects  []byte
}

// Seq gives the sequence number.
func (f *Fragment) Seq() uint8 { return f.Control & appSeq }

// IsResponse reports whether the function is one of an outstation's answers.
func (f *Fragment) IsResponse() bool { return f.Function >= FuncResponse }

// DecodeFragment reads a fragment.
func DecodeFragment(dst *Fragment, b []byte) error {
	if len(b) < 2 {
		return ErrTruncated
	}
	*dst = Fragment{Control: b[0], Function: b[1], Objects: b[2:]}
	if dst.IsResponse() {
		if len(b) < 4 {
			return ErrTruncated
		}
		dst.IIN, dst.Objects = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	return nil
}

// AppendFragment writes a fragment behind dst.
func AppendFragment(dst []byte, f *Fragment) []byte {
	dst = append(dst, f.Control, f.Function)
	if f.IsResponse() {
		dst = binary.BigEndian.AppendUint16(dst, f.IIN)
	}
	return append(dst, f.Objects...)
}

// carriesData reports whether the object headers of a function are followed
// by objects. Freeze at time carries one object, the time, and names the
// others by header only.
func carriesData(function uint8, group uint8) bool {
	switch function {
	case FuncRead, FuncEnableUnsolicited, FuncDisableUnsolicited, FuncAssignClass,
		FuncInitializeData, FuncInitializeApp, FuncStartApp, FuncStopApp, FuncDelayMeasurement:
		return group == 70 || group == 90
	case 7, 8, 9, 10:
		return false
	case FuncFreezeAtTime, FuncFreezeAtTimeNoAck:
		return group == 50
	}
	return true
}

// Qualifier codes: prefix in bits 4 to 6, range specifier in bits 0 to 3.
const (
	rangeStartStop8  = 0
	rangeStartStop16 = 1
	rangeStartStop32 = 2
	rangeAll         = 6
	rangeCount8      = 7
	rangeCount16     = 8
	rangeCount32     = 9
	rangeFree        = 0xb
)

// Object is an object header with the objects behind it.
type Object struct {
	Group, Variation uint8
	Qualifier        uint8
	All              bool   // the header names every point
	Start            uint32 // first point, where the header or the first prefix tells
	Count            uint32
	Data             []byte // the objects with their prefixes, a view into the input
}

// prefixLen gives the bytes of the index before each object.
func (o *Object) prefixLen() int {
	switch o.Qualifier >> 4 & 7 {
	case 1:
		return 1
	case 2:
		return 2
	case 3:
		return 4
	}
	return 0
}

// First gives the first object without its prefix, nil when there is none.
func (o *Object) First() []byte {
	n := o.prefixLen()
	if o.Qualifier&0x0f == rangeFree {
		n = sizePrefix(o.Qualifier)
	}
	if len(o.Data) <= n {
		return nil
	}
	return o.Data[n:]
}

func sizePrefix(qualifier uint8) int {
	switch qualifier >> 4 & 7 {
	case 4:
		return 1
	case 5:
		return 2
	case 6:
		return 4
	}
	return 0
}

// Objects walks the object headers of a fragment.
type Objects struct {
	b        []byte
	function uint8
	err      error
}

// Walk starts at the first object header of a fragment.
func Walk(f *Fragment) Objects { return Objects{b: f.Objects, function: f.Function} }

// Err tells why the walk ended: nil at the end of the fragment, ErrTruncated,
// or ErrUnknown behind an object whose size is not known.
func (w *Objects) Err() error { return w.err }

// Next reads the next header. An object of unknown size is given, with all
// that follows as its data, and ends the walk.
func (w *Objects) Next(o *Object) bool {
	if w.err != nil || len(w.b) == 0 {
		return false
	}
	if len(w.b) < 3 {
		w.err = ErrTruncated
		return false
	}
	*o = Object{Group: w.b[0], Variation: w.b[1], Qualifier: w.b[2]}
	rest := w.b[3:]
	n, ok := o.readRange(rest)
	if !ok {
		w.err = ErrTruncated
		return false
	}
	rest = rest[n:]
	size, err := o.dataLen(rest, w.function)
	if err == ErrTruncated {
		w.err = err
		return false
	}
	if err != nil {
		w.err = err
		size = len(rest)
	}
	o.Data, w.b = rest[:size], rest[size:]
	if p := o.prefixLen(); p > 0 && len(o.Data) >= p {
		o.Start = littleEndian(o.Data[:p])
	}
	return true
}

// readRange reads the range field and gives its length.
func (o *Object) readRange(b []byte) (int, bool) {
	switch code := o.Qualifier & 0x0f; code {
	case rangeStartStop8, rangeStartStop16, rangeStartStop32:
		w := 1 << code
		if len(b) < 2*w {
			return 0, false
		}
		start, stop := littleEndian(b[:w]), littleEndian(b[w:2*w])
		if stop < start {
			return 0, false
		}
		o.Start = start
		o.Count = stop - start
		if o.Count != ^uint32(0) {
			o.Count++
		}
		return 2 * w, true
	case rangeAll:
		o.All = true
		return 0, true
	case rangeCount8, rangeCount16, rangeCount32:
		w := 1 << (code - rangeCount8)
		if len(b) < w {
			return 0, false
		}
		o.Count = littleEndian(b[:w])
		return w, true
	case rangeFree:
		if len(b) < 1 {
			return 0, false
		}
		o.Count = uint32(b[0])
		return 1, true
	}
	return 0, false
}

// dataLen gives the length of the objects behind a header.
func (o *Object) dataLen(b []byte, function uint8) (int, error) {
	if o.Qualifier&0x0f == rangeFree || sizePrefix(o.Qualifier) > 0 {
		return o.sizedLen(b)
	}
	if o.All {
		return 0, nil
	}
	prefix := uint64(o.prefixLen())
	count := uint64(o.Count)
	bits := uint64(0)
	if carriesData(function, o.Group) {
		switch s := objectBits(o.Group, o.Variation); {
		case s == sizeAttribute:
			return o.attributesLen(b)
		case s < 0:
			return 0, ErrUnknown
		default:
			bits = uint64(s)
		}
	}
	n := (count*bits + 7) / 8
	if prefix > 0 {
		n = count * (prefix + (bits+7)/8)
	}
	if n > uint64(len(b)) {
		return 0, ErrTruncated
	}
	return int(n), nil
}

// sizedLen walks objects that carry their size before them.
func (o *Object) sizedLen(b []byte) (int, error) {
	w := sizePrefix(o.Qualifier)
	if w == 0 {
		return 0, ErrUnknown
	}
	n := 0
	for range o.Count {
		if len(b)-n < w {
			return 0, ErrTruncated
		}
		size := uint64(littleEndian(b[n : n+w]))
		if size > uint64(len(b)-n-w) {
			return 0, ErrTruncated
		}
		n += w + int(size)
	}
	return n, nil
}

// attributesLen walks device attributes: type, length, value.
func (o *Object) attributesLen(b []byte) (int, error) {
	n, p := 0, o.prefixLen()
	for range o.Count {
		if len(b)-n < p+2 || len(b)-n-p-2 < int(b[n+p+1]) {
			return 0, ErrTruncated
		}
		n += p + 2 + int(b[n+p+1])
	}
	return n, nil
}

func littleEndian(b []byte) uint32 {
	var v uint32
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint32(b[i])
	}
	return v
}
