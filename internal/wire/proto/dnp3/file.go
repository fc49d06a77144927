package dnp3

import "encoding/binary"

// groupFile is the object group of file control (annex A.28).
const groupFile = 70

// Modes of the file command object.
const (
	FileModeRead   = 1
	FileModeWrite  = 2
	FileModeAppend = 3
)

// FileCommand is object g70v3: open or delete a file. Name is a view.
type FileCommand struct {
	Name    []byte
	AuthKey uint32
	Size    uint32
	Mode    uint16
}

// DecodeFileCommand reads a g70v3 object without its size prefix.
func DecodeFileCommand(dst *FileCommand, b []byte) error {
	const fixed = 26
	if len(b) < fixed {
		return ErrTruncated
	}
	name, err := textAt(b, binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]))
	if err != nil {
		return err
	}
	*dst = FileCommand{
		Name:    name,
		AuthKey: binary.LittleEndian.Uint32(b[12:]),
		Size:    binary.LittleEndian.Uint32(b[16:]),
		Mode:    binary.LittleEndian.Uint16(b[20:]),
	}
	return nil
}

// FileAuth is object g70v2: user and password in the request, the key for the
// following commands in the response, 0 when refused. Texts are views.
type FileAuth struct {
	User, Password []byte
	Key            uint32
}

// DecodeFileAuth reads a g70v2 object without its size prefix.
func DecodeFileAuth(dst *FileAuth, b []byte) error {
	const fixed = 12
	if len(b) < fixed {
		return ErrTruncated
	}
	user, err := textAt(b, binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]))
	if err != nil {
		return err
	}
	password, err := textAt(b, binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:]))
	if err != nil {
		return err
	}
	*dst = FileAuth{User: user, Password: password, Key: binary.LittleEndian.Uint32(b[8:])}
	return nil
}

func textAt(b []byte, offset, size uint16) ([]byte, error) {
	end := int(offset) + int(size)
	if size == 0 {
		return nil, nil
	}
	if end > len(b) {
		return nil, ErrTruncated
	}
	return b[offset:end], nil
}

// Device attributes (group 0) that say what the device is.
const (
	attrSoftwareVersion = 242
	attrHardwareVersion = 243
	attrUserName        = 247
	attrSerial          = 248
	attrProduct         = 250
	attrManufacturer    = 252
)

// attributeText gives the text of a group 0 object (type, length, value), or
// nil when its value is no text.
func attributeText(b []byte) []byte {
	const visibleString = 1
	if len(b) < 2 || b[0] != visibleString || len(b) < 2+int(b[1]) {
		return nil
	}
	return b[2 : 2+int(b[1])]
}
