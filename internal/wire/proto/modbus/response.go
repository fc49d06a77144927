package modbus

import "encoding/binary"

// CheckResponse reports whether the data fit a response of that function,
// which may carry the exception bit. Unknown functions fit always.
func CheckResponse(function uint8, b []byte) error {
	if function&exceptionOn != 0 {
		return checkThat(len(b) == 1 && b[0] != 0)
	}
	switch function {
	case FuncReadCoils, FuncReadDiscreteInputs, FuncGetCommEventLog, FuncReportServerID:
		return checkThat(len(b) >= 2 && len(b) == 1+int(b[0]))
	case FuncReadHoldingRegisters, FuncReadInputRegisters, FuncReadWriteRegisters:
		return checkThat(len(b) >= 3 && len(b) == 1+int(b[0]) && b[0]%2 == 0)
	case FuncWriteSingleCoil, FuncWriteSingleRegister, FuncWriteMultipleCoils, FuncWriteMultipleRegisters, FuncGetCommEventCounter:
		return checkThat(len(b) == 4)
	case FuncReadExceptionStatus:
		return checkThat(len(b) == 1)
	case FuncDiagnostics:
		return checkThat(len(b) >= 4 && len(b)%2 == 0)
	case FuncReadFileRecord, FuncWriteFileRecord:
		return checkThat(len(b) >= 3 && len(b) == 1+int(b[0]))
	case FuncMaskWriteRegister:
		return checkThat(len(b) == 6)
	case FuncReadFIFOQueue:
		return checkThat(len(b) >= 4 && len(b) == 2+int(binary.BigEndian.Uint16(b)))
	case FuncEncapsulated:
		return checkThat(len(b) >= 1 && (b[0] != MEIDeviceIdentity || len(b) >= 6))
	case FuncUMAS:
		return checkThat(len(b) >= 2)
	}
	return nil
}

func checkThat(ok bool) error {
	if !ok {
		return ErrLength
	}
	return nil
}

// expectedBytes gives how many bytes of values the answer to r has, or -1
// where the request does not tell.
func expectedBytes(function uint8, quantity uint16) int {
	switch function {
	case FuncReadCoils, FuncReadDiscreteInputs:
		return (int(quantity) + 7) / 8
	case FuncReadHoldingRegisters, FuncReadInputRegisters, FuncReadWriteRegisters:
		return 2 * int(quantity)
	}
	return -1
}

// Objects of the device identification (application protocol 6.21).
const (
	ObjectVendorName      = 0
	ObjectProductCode     = 1
	ObjectRevision        = 2
	ObjectVendorURL       = 3
	ObjectProductName     = 4
	ObjectModelName       = 5
	ObjectUserApplication = 6
)

// DeviceIdentity is a response to 43/14. Objects holds the standard's named
// objects as views into the input.
type DeviceIdentity struct {
	Code       uint8
	Conformity uint8
	More       bool
	Next       uint8
	Objects    [7][]byte
}

// DecodeDeviceIdentity reads the data of a 43/14 response.
func DecodeDeviceIdentity(dst *DeviceIdentity, b []byte) error {
	*dst = DeviceIdentity{}
	if len(b) < 6 || b[0] != MEIDeviceIdentity {
		return ErrLength
	}
	dst.Code, dst.Conformity, dst.More, dst.Next = b[1], b[2], b[3] != 0, b[4]
	count, rest := int(b[5]), b[6:]
	for range count {
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return ErrLength
		}
		id, n := int(rest[0]), 2+int(rest[1])
		if id < len(dst.Objects) {
			dst.Objects[id] = rest[2:n]
		}
		rest = rest[n:]
	}
	return checkThat(len(rest) == 0)
}

// umasModel gives the name of the processor module in the answer to the UMAS
// function READ_ID (data behind the function byte): a length byte at a fixed
// place and the text. It gives nil when the data do not have that shape.
func umasModel(b []byte) []byte {
	const at = 22
	if len(b) <= at || b[at] == 0 || len(b) < at+1+int(b[at]) {
		return nil
	}
	name := b[at+1 : at+1+int(b[at])]
	for _, c := range name {
		if c < 0x20 || c > 0x7e {
			return nil
		}
	}
	return name
}
