package pndcp

// VendorName gives the name of a manufacturer of PROFINET devices by the id
// that PROFIBUS & PROFINET International gave it; empty when it is not known.
func VendorName(id uint16) string {
	switch id {
	case 0x001a, 0x0174:
		return "ABB"
	case 0x002a:
		return "Siemens"
	case 0x005d:
		return "Pepperl+Fuchs"
	case 0x0080:
		return "Danfoss"
	case 0x0083:
		return "SMC"
	case 0x00b0:
		return "Phoenix Contact"
	case 0x0101:
		return "SICK"
	case 0x0105:
		return "Kollmorgen"
	case 0x0106:
		return "Lenze"
	case 0x010a:
		return "SEW-Eurodrive"
	case 0x010c:
		return "HMS Industrial Networks"
	case 0x011e:
		return "Hilscher"
	case 0x011f:
		return "Bosch Rexroth"
	case 0x0120:
		return "Beckhoff"
	case 0x012f:
		return "Murrelektronik"
	case 0x0134:
		return "Weidmüller"
	case 0x0135:
		return "Euchner"
	case 0x0136:
		return "ifm electronic"
	case 0x0137:
		return "Cognex"
	case 0x013d:
		return "Turck"
	case 0x014d:
		return "Festo"
	case 0x0152:
		return "Leuze"
	case 0x0153:
		return "TR-Electronic"
	case 0x0173:
		return "KEBA"
	case 0x0193:
		return "HARTING"
	case 0x019b:
		return "KUKA"
	case 0x019c:
		return "Datalogic"
	case 0x01b0:
		return "Fronius"
	case 0x01b7:
		return "FANUC"
	case 0x01fd:
		return "Keyence"
	case 0x023f:
		return "Kistler"
	case 0x0293:
		return "Janitza"
	case 0x0361:
		return "Universal Robots"
	case 0x0377:
		return "B&R"
	case 0x0378:
		return "Balluff"
	case 0x0379:
		return "AMK"
	case 0x03b0:
		return "ABB Robotics"
	case 0x092f:
		return "Pilz"
	}
	return ""
}
