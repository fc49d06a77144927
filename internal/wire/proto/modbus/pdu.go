package modbus

import "encoding/binary"

// Function codes of section 6 of the application protocol, and UMAS.
const (
	FuncReadCoils              = 1
	FuncReadDiscreteInputs     = 2
	FuncReadHoldingRegisters   = 3
	FuncReadInputRegisters     = 4
	FuncWriteSingleCoil        = 5
	FuncWriteSingleRegister    = 6
	FuncReadExceptionStatus    = 7
	FuncDiagnostics            = 8
	FuncGetCommEventCounter    = 11
	FuncGetCommEventLog        = 12
	FuncWriteMultipleCoils     = 15
	FuncWriteMultipleRegisters = 16
	FuncReportServerID         = 17
	FuncReadFileRecord         = 20
	FuncWriteFileRecord        = 21
	FuncMaskWriteRegister      = 22
	FuncReadWriteRegisters     = 23
	FuncReadFIFOQueue          = 24
	FuncEncapsulated           = 43
	FuncUMAS                   = 90
)

// MEI types of function 43.
const (
	MEICANopen        = 13
	MEIDeviceIdentity = 14
)

// Request is the decoded data of a request. Which fields count depends on the
// function; Data is a view into the input.
type Request struct {
	Function uint8
	Sub      uint16 // subfunction of 8, MEI type of 43, UMAS function of 90

	// Address and Quantity name what is read or written: coils, registers,
	// the FIFO pointer, record number and length of the first file record.
	// Function 23 writes these and reads ReadAddress and ReadQuantity.
	Address, Quantity         uint16
	ReadAddress, ReadQuantity uint16
	File                      uint16 // number of the first file record's file

	Value   uint16 // of functions 5 and 6; the device identification code of 43/14
	And, Or uint16 // masks of function 22
	Session uint8  // UMAS session, or the object id of 43/14
	Data    []byte // values written, bytes of 8, 43 and 90 behind what is named above
}

// Largest quantities of section 6.
const (
	maxReadBits       = 2000
	maxReadRegisters  = 125
	maxWriteBits      = 1968
	maxWriteRegisters = 123
	maxWrite23        = 121
	fileReference     = 6
	fileRequestLen    = 7
)

// DecodeRequest reads the data of a request of that function. ErrLength says
// that the data do not fit the function, ErrValue that they do but say what
// the standard forbids; dst is filled in the second case. The data of unknown
// functions are given as they are.
func DecodeRequest(dst *Request, function uint8, b []byte) error {
	*dst = Request{Function: function}
	switch function {
	case FuncReadCoils, FuncReadDiscreteInputs:
		return dst.pair(b, maxReadBits)
	case FuncReadHoldingRegisters, FuncReadInputRegisters:
		return dst.pair(b, maxReadRegisters)
	case FuncWriteSingleCoil, FuncWriteSingleRegister:
		return dst.single(b)
	case FuncReadExceptionStatus, FuncGetCommEventCounter, FuncGetCommEventLog, FuncReportServerID:
		if len(b) != 0 {
			return ErrLength
		}
	case FuncDiagnostics:
		if len(b) < 4 || len(b)%2 != 0 {
			return ErrLength
		}
		dst.Sub, dst.Data = binary.BigEndian.Uint16(b), b[2:]
		dst.Value = binary.BigEndian.Uint16(b[2:])
		if dst.Sub != DiagReturnQueryData && len(b) != 4 {
			return ErrLength
		}
	case FuncWriteMultipleCoils, FuncWriteMultipleRegisters:
		return dst.multiple(b)
	case FuncReadFileRecord, FuncWriteFileRecord:
		return dst.files(b)
	case FuncMaskWriteRegister:
		if len(b) != 6 {
			return ErrLength
		}
		dst.Address, dst.Quantity = binary.BigEndian.Uint16(b), 1
		dst.And, dst.Or = binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[4:])
	case FuncReadWriteRegisters:
		return dst.readWrite(b)
	case FuncReadFIFOQueue:
		if len(b) != 2 {
			return ErrLength
		}
		dst.Address = binary.BigEndian.Uint16(b)
	case FuncEncapsulated:
		return dst.encapsulated(b)
	case FuncUMAS:
		return dst.umas(b)
	default:
		dst.Data = b
	}
	return nil
}

func (r *Request) pair(b []byte, most uint16) error {
	if len(b) != 4 {
		return ErrLength
	}
	r.Address, r.Quantity = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	return r.within(r.Address, r.Quantity, most)
}

// within checks a range against the largest quantity and the address space.
func (r *Request) within(address, quantity, most uint16) error {
	if quantity == 0 || quantity > most || uint32(address)+uint32(quantity) > 0x10000 {
		return ErrValue
	}
	return nil
}

func (r *Request) single(b []byte) error {
	if len(b) != 4 {
		return ErrLength
	}
	r.Address, r.Quantity, r.Value = binary.BigEndian.Uint16(b), 1, binary.BigEndian.Uint16(b[2:])
	r.Data = b[2:4]
	if r.Function == FuncWriteSingleCoil && r.Value != 0 && r.Value != 0xff00 {
		return ErrValue
	}
	return nil
}

func (r *Request) multiple(b []byte) error {
	if len(b) < 5 || len(b) != 5+int(b[4]) {
		return ErrLength
	}
	r.Address, r.Quantity, r.Data = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), b[5:]
	want, most := 2*int(r.Quantity), uint16(maxWriteRegisters)
	if r.Function == FuncWriteMultipleCoils {
		want, most = (int(r.Quantity)+7)/8, maxWriteBits
	}
	if len(r.Data) != want {
		return ErrValue
	}
	return r.within(r.Address, r.Quantity, most)
}

func (r *Request) readWrite(b []byte) error {
	if len(b) < 9 || len(b) != 9+int(b[8]) {
		return ErrLength
	}
	r.ReadAddress, r.ReadQuantity = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	r.Address, r.Quantity = binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
	r.Data = b[9:]
	if len(r.Data) != 2*int(r.Quantity) {
		return ErrValue
	}
	if err := r.within(r.ReadAddress, r.ReadQuantity, maxReadRegisters); err != nil {
		return err
	}
	return r.within(r.Address, r.Quantity, maxWrite23)
}

// files walks the sub-requests of functions 20 and 21 and keeps the first.
func (r *Request) files(b []byte) error {
	if len(b) < 1+fileRequestLen || len(b) != 1+int(b[0]) {
		return ErrLength
	}
	r.Data = b[1:]
	var bad error
	for i, rest := 0, b[1:]; len(rest) > 0; i++ {
		if len(rest) < fileRequestLen {
			return ErrLength
		}
		length := binary.BigEndian.Uint16(rest[5:])
		if i == 0 {
			r.File, r.Address, r.Quantity = binary.BigEndian.Uint16(rest[1:]), binary.BigEndian.Uint16(rest[3:]), length
		}
		if rest[0] != fileReference || length == 0 {
			bad = ErrValue
		}
		n := fileRequestLen
		if r.Function == FuncWriteFileRecord {
			n += 2 * int(length)
		}
		if len(rest) < n {
			return ErrLength
		}
		rest = rest[n:]
	}
	return bad
}

func (r *Request) encapsulated(b []byte) error {
	if len(b) < 1 {
		return ErrLength
	}
	r.Sub, r.Data = uint16(b[0]), b[1:]
	if r.Sub != MEIDeviceIdentity {
		return nil
	}
	if len(r.Data) != 2 {
		return ErrLength
	}
	r.Value, r.Session = uint16(r.Data[0]), r.Data[1]
	if r.Value < 1 || r.Value > 4 {
		return ErrValue
	}
	return nil
}

// umas reads session and function; the signed form (function 0x38) carries
// the request it protects behind a 32-byte signature.
func (r *Request) umas(b []byte) error {
	if len(b) < 2 {
		return ErrLength
	}
	r.Session, r.Sub, r.Data = b[0], uint16(b[1]), b[2:]
	const inner = 1 + 32 // magic and signature
	if r.Sub == umasSigned && len(r.Data) >= inner+3 && r.Data[inner] == FuncUMAS {
		r.Sub, r.Data = uint16(r.Data[inner+2]), r.Data[inner+3:]
	}
	return nil
}

// AppendRequest writes the data of a request behind dst: the inverse of
// DecodeRequest. Signed UMAS requests are written without their signature.
func AppendRequest(dst []byte, r *Request) []byte {
	u16 := binary.BigEndian.AppendUint16
	switch r.Function {
	case FuncReadCoils, FuncReadDiscreteInputs, FuncReadHoldingRegisters, FuncReadInputRegisters:
		return u16(u16(dst, r.Address), r.Quantity)
	case FuncWriteSingleCoil, FuncWriteSingleRegister:
		return u16(u16(dst, r.Address), r.Value)
	case FuncReadExceptionStatus, FuncGetCommEventCounter, FuncGetCommEventLog, FuncReportServerID:
		return dst
	case FuncDiagnostics:
		return append(u16(dst, r.Sub), r.Data...)
	case FuncWriteMultipleCoils, FuncWriteMultipleRegisters:
		dst = append(u16(u16(dst, r.Address), r.Quantity), byte(len(r.Data)))
		return append(dst, r.Data...)
	case FuncReadFileRecord, FuncWriteFileRecord:
		return append(append(dst, byte(len(r.Data))), r.Data...)
	case FuncMaskWriteRegister:
		return u16(u16(u16(dst, r.Address), r.And), r.Or)
	case FuncReadWriteRegisters:
		dst = u16(u16(u16(u16(dst, r.ReadAddress), r.ReadQuantity), r.Address), r.Quantity)
		return append(append(dst, byte(len(r.Data))), r.Data...)
	case FuncReadFIFOQueue:
		return u16(dst, r.Address)
	case FuncEncapsulated:
		return append(append(dst, byte(r.Sub)), r.Data...)
	case FuncUMAS:
		return append(append(dst, r.Session, byte(r.Sub)), r.Data...)
	}
	return append(dst, r.Data...)
}
