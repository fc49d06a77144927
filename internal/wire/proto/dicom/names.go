package dicom

import "bytes"

// uidRoot is the root of the UIDs that the DICOM standard itself registers.
const uidRoot = "1.2.840.10008."

// serviceNames names abstract syntaxes and SOP classes (PS3.6 annex A) by the
// part of the UID behind uidRoot. Storage classes have "Storage" in the name.
var serviceNames = map[string]string{
	"1.1":               "Verification",
	"1.3.10":            "Media Storage Directory",
	"1.9":               "Basic Study Content Notification",
	"1.20.1":            "Storage Commitment Push",
	"1.20.2":            "Storage Commitment Pull",
	"1.40":              "Procedural Event Logging",
	"1.42":              "Substance Administration Logging",
	"3.1.2.1.1":         "Detached Patient Management",
	"3.1.2.3.1":         "Detached Study Management",
	"3.1.2.3.2":         "Study Component Management",
	"3.1.2.3.3":         "Modality Performed Procedure Step",
	"3.1.2.3.4":         "Modality Performed Procedure Step Retrieve",
	"3.1.2.3.5":         "Modality Performed Procedure Step Notification",
	"3.1.2.5.1":         "Detached Results Management",
	"4.2":               "Storage Service",
	"5.1.1.1":           "Basic Film Session",
	"5.1.1.2":           "Basic Film Box",
	"5.1.1.4":           "Basic Grayscale Image Box",
	"5.1.1.4.1":         "Basic Color Image Box",
	"5.1.1.9":           "Basic Grayscale Print Management",
	"5.1.1.14":          "Print Job",
	"5.1.1.15":          "Basic Annotation Box",
	"5.1.1.16":          "Printer",
	"5.1.1.16.376":      "Printer Configuration Retrieval",
	"5.1.1.18":          "Basic Color Print Management",
	"5.1.1.23":          "Presentation LUT",
	"5.1.1.33":          "Media Creation Management",
	"5.1.4.1.1.1":       "Computed Radiography Image Storage",
	"5.1.4.1.1.1.1":     "Digital X-Ray Image Storage - For Presentation",
	"5.1.4.1.1.1.1.1":   "Digital X-Ray Image Storage - For Processing",
	"5.1.4.1.1.1.2":     "Digital Mammography X-Ray Image Storage - For Presentation",
	"5.1.4.1.1.1.2.1":   "Digital Mammography X-Ray Image Storage - For Processing",
	"5.1.4.1.1.1.3":     "Digital Intra-Oral X-Ray Image Storage - For Presentation",
	"5.1.4.1.1.1.3.1":   "Digital Intra-Oral X-Ray Image Storage - For Processing",
	"5.1.4.1.1.2":       "CT Image Storage",
	"5.1.4.1.1.2.1":     "Enhanced CT Image Storage",
	"5.1.4.1.1.2.2":     "Legacy Converted Enhanced CT Image Storage",
	"5.1.4.1.1.3":       "Ultrasound Multi-frame Image Storage (Retired)",
	"5.1.4.1.1.3.1":     "Ultrasound Multi-frame Image Storage",
	"5.1.4.1.1.4":       "MR Image Storage",
	"5.1.4.1.1.4.1":     "Enhanced MR Image Storage",
	"5.1.4.1.1.4.2":     "MR Spectroscopy Storage",
	"5.1.4.1.1.4.3":     "Enhanced MR Color Image Storage",
	"5.1.4.1.1.5":       "Nuclear Medicine Image Storage (Retired)",
	"5.1.4.1.1.6":       "Ultrasound Image Storage (Retired)",
	"5.1.4.1.1.6.1":     "Ultrasound Image Storage",
	"5.1.4.1.1.6.2":     "Enhanced US Volume Storage",
	"5.1.4.1.1.7":       "Secondary Capture Image Storage",
	"5.1.4.1.1.7.1":     "Multi-frame Single Bit Secondary Capture Image Storage",
	"5.1.4.1.1.7.2":     "Multi-frame Grayscale Byte Secondary Capture Image Storage",
	"5.1.4.1.1.7.3":     "Multi-frame Grayscale Word Secondary Capture Image Storage",
	"5.1.4.1.1.7.4":     "Multi-frame True Color Secondary Capture Image Storage",
	"5.1.4.1.1.9.1.1":   "12-lead ECG Waveform Storage",
	"5.1.4.1.1.9.1.2":   "General ECG Waveform Storage",
	"5.1.4.1.1.9.1.3":   "Ambulatory ECG Waveform Storage",
	"5.1.4.1.1.9.2.1":   "Hemodynamic Waveform Storage",
	"5.1.4.1.1.9.3.1":   "Cardiac Electrophysiology Waveform Storage",
	"5.1.4.1.1.9.4.1":   "Basic Voice Audio Waveform Storage",
	"5.1.4.1.1.9.5.1":   "Arterial Pulse Waveform Storage",
	"5.1.4.1.1.9.6.1":   "Respiratory Waveform Storage",
	"5.1.4.1.1.11.1":    "Grayscale Softcopy Presentation State Storage",
	"5.1.4.1.1.11.2":    "Color Softcopy Presentation State Storage",
	"5.1.4.1.1.12.1":    "X-Ray Angiographic Image Storage",
	"5.1.4.1.1.12.1.1":  "Enhanced XA Image Storage",
	"5.1.4.1.1.12.2":    "X-Ray Radiofluoroscopic Image Storage",
	"5.1.4.1.1.12.2.1":  "Enhanced XRF Image Storage",
	"5.1.4.1.1.13.1.1":  "X-Ray 3D Angiographic Image Storage",
	"5.1.4.1.1.13.1.2":  "X-Ray 3D Craniofacial Image Storage",
	"5.1.4.1.1.13.1.3":  "Breast Tomosynthesis Image Storage",
	"5.1.4.1.1.20":      "Nuclear Medicine Image Storage",
	"5.1.4.1.1.66":      "Raw Data Storage",
	"5.1.4.1.1.66.1":    "Spatial Registration Storage",
	"5.1.4.1.1.66.4":    "Segmentation Storage",
	"5.1.4.1.1.77.1.1":  "VL Endoscopic Image Storage",
	"5.1.4.1.1.77.1.2":  "VL Microscopic Image Storage",
	"5.1.4.1.1.77.1.4":  "VL Photographic Image Storage",
	"5.1.4.1.1.77.1.6":  "VL Whole Slide Microscopy Image Storage",
	"5.1.4.1.1.88.11":   "Basic Text SR Storage",
	"5.1.4.1.1.88.22":   "Enhanced SR Storage",
	"5.1.4.1.1.88.33":   "Comprehensive SR Storage",
	"5.1.4.1.1.88.50":   "Mammography CAD SR Storage",
	"5.1.4.1.1.88.59":   "Key Object Selection Document Storage",
	"5.1.4.1.1.88.67":   "X-Ray Radiation Dose SR Storage",
	"5.1.4.1.1.104.1":   "Encapsulated PDF Storage",
	"5.1.4.1.1.104.2":   "Encapsulated CDA Storage",
	"5.1.4.1.1.104.3":   "Encapsulated STL Storage",
	"5.1.4.1.1.128":     "Positron Emission Tomography Image Storage",
	"5.1.4.1.1.130":     "Enhanced PET Image Storage",
	"5.1.4.1.1.481.1":   "RT Image Storage",
	"5.1.4.1.1.481.2":   "RT Dose Storage",
	"5.1.4.1.1.481.3":   "RT Structure Set Storage",
	"5.1.4.1.1.481.4":   "RT Beams Treatment Record Storage",
	"5.1.4.1.1.481.5":   "RT Plan Storage",
	"5.1.4.1.1.481.6":   "RT Brachy Treatment Record Storage",
	"5.1.4.1.1.481.7":   "RT Treatment Summary Record Storage",
	"5.1.4.1.1.481.8":   "RT Ion Plan Storage",
	"5.1.4.1.1.481.9":   "RT Ion Beams Treatment Record Storage",
	"5.1.4.1.2.1.1":     "Patient Root Query/Retrieve - FIND",
	"5.1.4.1.2.1.2":     "Patient Root Query/Retrieve - MOVE",
	"5.1.4.1.2.1.3":     "Patient Root Query/Retrieve - GET",
	"5.1.4.1.2.2.1":     "Study Root Query/Retrieve - FIND",
	"5.1.4.1.2.2.2":     "Study Root Query/Retrieve - MOVE",
	"5.1.4.1.2.2.3":     "Study Root Query/Retrieve - GET",
	"5.1.4.1.2.3.1":     "Patient/Study Only Query/Retrieve - FIND",
	"5.1.4.1.2.3.2":     "Patient/Study Only Query/Retrieve - MOVE",
	"5.1.4.1.2.3.3":     "Patient/Study Only Query/Retrieve - GET",
	"5.1.4.1.2.4.2":     "Composite Instance Root Retrieve - MOVE",
	"5.1.4.1.2.4.3":     "Composite Instance Root Retrieve - GET",
	"5.1.4.1.2.5.3":     "Composite Instance Retrieve Without Bulk Data - GET",
	"5.1.4.31":          "Modality Worklist - FIND",
	"5.1.4.32":          "General Purpose Worklist Management",
	"5.1.4.32.1":        "General Purpose Worklist - FIND",
	"5.1.4.33":          "Instance Availability Notification",
	"5.1.4.34.4.1":      "Unified Procedure Step - Push (Trial)",
	"5.1.4.34.6.1":      "Unified Procedure Step - Push",
	"5.1.4.34.6.2":      "Unified Procedure Step - Watch",
	"5.1.4.34.6.3":      "Unified Procedure Step - Pull",
	"5.1.4.34.6.4":      "Unified Procedure Step - Event",
	"5.1.4.37.1":        "General Relevant Patient Information Query",
	"5.1.4.38.2":        "Hanging Protocol Information Model - FIND",
	"5.1.4.41":          "Product Characteristics Query",
	"5.1.4.42":          "Substance Approval Query",
	"5.1.4.45.2":        "Implant Template Information Model - FIND",
	"5.1.4.1.1.200.2":   "CT Performed Procedure Protocol Storage",
	"5.1.4.1.1.501.2.1": "DICOS CT Image Storage",
}

// serviceName names a SOP class; unknown ones give an empty string.
func serviceName(uid []byte) string {
	if !bytes.HasPrefix(uid, []byte(uidRoot)) {
		return ""
	}
	return serviceNames[string(uid[len(uidRoot):])]
}

// implementers says whose UID root an implementation class UID begins with.
// Roots are whole components; the longest fitting one wins. A toolkit tells
// what software it is, not who made the device.
var implementers = []struct {
	root, name string
	toolkit    bool
}{
	{"1.2.124.113532", "Agfa HealthCare", false},
	{"1.2.250.1.59", "ETIAM", false},
	{"1.2.276.0.7230010.3", "OFFIS DCMTK", true},
	{"1.2.392.200036.9107", "Konica Minolta", false},
	{"1.2.392.200036.9116", "Canon Medical Systems", false},
	{"1.2.392.200036.9125", "Fujifilm", false},
	{"1.2.392.200046", "Canon", false},
	{"1.2.40.0.13.1", "dcm4che", true},
	{"1.2.752.24", "Sectra", false},
	{"1.2.826.0.1.3680043.2.1143", "GDCM", true},
	{"1.2.826.0.1.3680043.2.135.1066", "Conquest DICOM", true},
	{"1.2.826.0.1.3680043.8.498", "pydicom", true},
	{"1.2.826.0.1.3680043.8.641", "ruby-dicom", true},
	{"1.2.826.0.1.3680043.9.3811", "pynetdicom", true},
	{"1.2.840.113564", "Carestream Health", false},
	{"1.2.840.113619", "GE Healthcare", false},
	{"1.2.840.113663", "Philips", false},
	{"1.2.840.113681", "Hologic", false},
	{"1.3.12.2.1107.5", "Siemens Healthineers", false},
	{"1.3.46.670589", "Philips", false},
	{"1.3.51.0.1", "Agfa HealthCare", false},
	{"1.3.6.1.4.1.25403", "ClearCanvas", true},
	{"1.3.6.1.4.1.30071", "fo-dicom", true},
	{"1.3.6.1.4.1.5962", "PixelMed", true},
}

// implementer gives the maker of the device or the toolkit that the class UID
// belongs to; both empty when the root is not known.
func implementer(uid []byte) (vendor, toolkit string) {
	best := 0
	for i := range implementers {
		r := &implementers[i]
		n := len(r.root)
		if n <= best || len(uid) < n || string(uid[:n]) != r.root || len(uid) > n && uid[n] != '.' {
			continue
		}
		best = n
		if vendor, toolkit = r.name, ""; r.toolkit {
			vendor, toolkit = "", r.name
		}
	}
	return vendor, toolkit
}

// rejectReason words the source and reason of an A-ASSOCIATE-RJ (PS3.8 table
// 9-21).
func rejectReason(source, reason uint8) string {
	switch uint16(source)<<8 | uint16(reason) {
	case 0x0101:
		return "no reason given"
	case 0x0102:
		return "application context name not supported"
	case 0x0103:
		return "calling AE title not recognized"
	case 0x0107:
		return "called AE title not recognized"
	case 0x0201:
		return "no reason given by the service provider"
	case 0x0202:
		return "protocol version not supported"
	case 0x0301:
		return "temporary congestion"
	case 0x0302:
		return "local limit exceeded"
	}
	return "unknown reason"
}

// abortReason words the reason of an A-ABORT by the service provider (PS3.8
// table 9-26); one by the service user has none.
func abortReason(source, reason uint8) string {
	if source != 2 {
		return ""
	}
	switch reason {
	case 1:
		return "unrecognized PDU"
	case 2:
		return "unexpected PDU"
	case 4:
		return "unrecognized PDU parameter"
	case 5:
		return "unexpected PDU parameter"
	case 6:
		return "invalid PDU parameter value"
	}
	return "reason not specified"
}
