package event

import "net/netip"

// Modbus is a request with its response (Modbus Application Protocol 1.1b3).
//
//event:kind modbus
type Modbus struct {
	ID        uint16  `eve:"transaction_id"`
	Unit      uint8   `eve:"unit_id,keep"`
	Function  uint8   `eve:"function_raw,keep"`
	Name      string  `eve:"function"`
	Sub       uint16  `eve:"subfunction"`
	Address   uint16  `eve:"address"`
	Quantity  uint16  `eve:"quantity"`
	Value     uint16  `eve:"value"` // of a single write
	Exception uint8   `eve:"exception"`
	Class     OpClass `eve:"class"`
	Answered  bool    `eve:"answered"`
	UMAS      string  `eve:"umas"` // function 90: the UMAS function's name
}

// Operation describes the request.
func (m *Modbus) Operation() Operation {
	var t []byte
	t = append(t, "unit "...)
	t = appendUint(t, uint64(m.Unit))
	return Operation{Protocol: "modbus", Verb: m.Name, Class: m.Class, Target: string(t), Denied: m.Exception != 0, Reply: m.Answered}
}

// DNP3 is an application request with its response (IEEE 1815).
//
//event:kind dnp3
type DNP3 struct {
	Src         uint16   `eve:"src"`
	Dst         uint16   `eve:"dst"`
	Function    string   `eve:"function"`
	FunctionNum uint8    `eve:"function_code"`
	Seq         uint8    `eve:"sequence"`
	IIN         string   `eve:"iin"`
	Objects     []string `eve:"objects"` // "g12v1"
	Class       OpClass  `eve:"class"`
	Answered    bool     `eve:"answered"`
	Denied      bool     `eve:"denied"`
	Unsolicited bool     `eve:"unsolicited"`
	Control     string   `eve:"control"` // of the first control relay output block: trip, close, latch_on ...
	Point       uint32   `eve:"point"`   // first point of a control
	Status      uint8    `eve:"status"`  // status of the first control in the response
	File        string   `eve:"file"`
}

// Operation describes the request.
func (m *DNP3) Operation() Operation {
	t := appendUint([]byte("outstation "), uint64(m.Dst))
	return Operation{Protocol: "dnp3", Verb: m.Function, Class: m.Class, Target: string(t), Denied: m.Denied, Reply: m.Answered}
}

// S7 is an S7comm or S7comm-plus job with its acknowledgement.
//
//event:kind s7
type S7 struct {
	Plus     bool     `eve:"plus"`
	ROSCTR   string   `eve:"rosctr"` // job, ack, ack_data, userdata
	Function string   `eve:"function"`
	Code     uint8    `eve:"function_code"`
	Sub      string   `eve:"subfunction"`
	Block    string   `eve:"block"`
	Items    []string `eve:"items"` // areas and addresses read or written
	Error    uint16   `eve:"error"`
	Class    OpClass  `eve:"class"`
	Answered bool     `eve:"answered"`
	Rack     uint8    `eve:"rack"`
	Slot     uint8    `eve:"slot"`
	Version  uint8    `eve:"version"` // of S7comm-plus
}

// Operation describes the request.
func (m *S7) Operation() Operation {
	verb := m.Function
	if m.Sub != "" {
		verb += " " + m.Sub
	}
	return Operation{Protocol: "s7", Verb: verb, Class: m.Class, Target: m.Block, Denied: m.Error != 0, Reply: m.Answered}
}

// ENIP is an EtherNet/IP command with the CIP request in it, if any, and the
// status of the reply (ODVA EtherNet/IP and CIP specifications).
//
//event:kind enip
type ENIP struct {
	Command    string  `eve:"command"`
	CommandNum uint16  `eve:"command_code"`
	Status     uint32  `eve:"status"`
	Session    uint32  `eve:"session"`
	Service    string  `eve:"cip_service"`
	ServiceNum uint8   `eve:"cip_service_code"`
	ClassID    uint16  `eve:"cip_class"`
	Instance   uint32  `eve:"cip_instance"`
	Attribute  uint16  `eve:"cip_attribute"`
	Tag        string  `eve:"cip_tag"`
	CIPStatus  uint8   `eve:"cip_status"`
	Class      OpClass `eve:"class"`
	Answered   bool    `eve:"answered"`
	IO         bool    `eve:"io"` // implicit connected data
	Connection uint32  `eve:"connection_id"`
}

// Operation describes the request.
func (m *ENIP) Operation() Operation {
	verb, target := m.Service, m.Tag
	if verb == "" {
		verb = m.Command
	}
	if target == "" && m.ClassID != 0 {
		target = string(appendUint([]byte("class "), uint64(m.ClassID)))
	}
	const partialTransfer = 6 // there is more to fetch
	denied := m.Status != 0 || m.CIPStatus != 0 && m.CIPStatus != partialTransfer
	return Operation{Protocol: "enip", Verb: verb, Class: m.Class, Target: target, Denied: denied, Reply: m.Answered}
}

// BACnet is a BACnet/IP request with its answer (ASHRAE 135 annex J).
//
//event:kind bacnet
type BACnet struct {
	BVLC     string  `eve:"bvlc"`
	PDU      string  `eve:"pdu"` // confirmed-request, unconfirmed-request, simple-ack, complex-ack, error, reject, abort, segment-ack
	Service  string  `eve:"service"`
	Object   string  `eve:"object"` // "device 1234"
	Property string  `eve:"property"`
	InvokeID uint8   `eve:"invoke_id"`
	Priority uint8   `eve:"priority"`
	Class    OpClass `eve:"class"`
	Error    string  `eve:"error"`
	Answered bool    `eve:"answered"`
	Instance uint32  `eve:"device_instance"`
	VendorID uint16  `eve:"vendor_id"`
	State    string  `eve:"state"`      // asked for by reinitialize-device and device-communication-control
	Count    uint16  `eve:"properties"` // named in a request for several
	Network  uint16  `eve:"network"`    // number of the network behind a router, where the device is
}

// Operation describes the request.
func (m *BACnet) Operation() Operation {
	return Operation{Protocol: "bacnet", Verb: m.Service, Class: m.Class, Target: m.Object, Denied: m.Error != "", Reply: m.Answered}
}

// OPCUA is an OPC UA service call with its response (OPC 10000-4, -6).
//
//event:kind opcua
type OPCUA struct {
	Message        string   `eve:"message"` // HEL, ACK, ERR, OPN, CLO, MSG
	Service        string   `eve:"service"`
	Endpoint       string   `eve:"endpoint"`
	SecurityPolicy string   `eve:"security_policy"`
	SecurityMode   string   `eve:"security_mode"`
	Application    string   `eve:"application_uri"`
	Product        string   `eve:"product_uri"`
	Session        string   `eve:"session_name"`
	IdentityToken  string   `eve:"identity_token"` // anonymous, username, x509, issued
	User           string   `eve:"user"`
	Nodes          []string `eve:"nodes"`
	Endpoints      []string `eve:"endpoints"` // of an answer: "url policy mode tokens"
	Status         string   `eve:"status"`
	Class          OpClass  `eve:"class"`
	Answered       bool     `eve:"answered"`
	Encrypted      bool     `eve:"encrypted"`
}

// Operation describes the request.
func (m *OPCUA) Operation() Operation {
	t := ""
	if len(m.Nodes) > 0 {
		t = m.Nodes[0]
	}
	return Operation{Protocol: "opcua", Verb: m.Service, Class: m.Class, Target: t, Denied: m.Status != "" && m.Status != "Good", Reply: m.Answered}
}

// IEC104 is one ASDU or U frame (IEC 60870-5-104).
//
//event:kind iec104
type IEC104 struct {
	Frame    string  `eve:"frame"` // I, S, U
	Type     string  `eve:"type_id"`
	TypeNum  uint8   `eve:"type_num"`
	Cause    string  `eve:"cause"`
	Neg      bool    `eve:"negative"`
	CA       uint16  `eve:"common_address"`
	IOA      uint32  `eve:"io_address"`
	Objects  uint8   `eve:"objects"`
	Control  string  `eve:"control"` // STARTDT act ...
	Class    OpClass `eve:"class"`
	Dir      Dir     `eve:"-"`
	Answered bool    `eve:"answered"` // the confirmation of a command or request was seen
}

// Operation describes the message.
func (m *IEC104) Operation() Operation {
	verb := m.Type
	if verb == "" {
		verb = m.Control
	}
	t := appendUint([]byte("station "), uint64(m.CA))
	return Operation{Protocol: "iec104", Verb: verb, Class: m.Class, Target: string(t), Denied: m.Neg, Reply: m.Answered}
}

// ICS is a request in one of the industrial protocols that are read for
// identity and function class: PROFINET DCP, GOOSE, MMS, ADS, FINS, MELSEC,
// HART-IP, Synchrophasor, KNX.
//
//event:kind ics
type ICS struct {
	Protocol Proto      `eve:"protocol,keep"`
	Verb     string     `eve:"verb"`
	Code     uint32     `eve:"code"`
	Target   string     `eve:"target"`
	Class    OpClass    `eve:"class"`
	Error    string     `eve:"error"`
	Answered bool       `eve:"answered"`
	Addr     netip.Addr `eve:"address"` // address set or reported
	Name     string     `eve:"name"`    // station, data set or GOOSE control block
}

// Operation describes the request.
func (m *ICS) Operation() Operation {
	return Operation{Protocol: m.Protocol.String(), Verb: m.Verb, Class: m.Class, Target: m.Target, Denied: m.Error != "", Reply: m.Answered}
}

// DICOM is an association or a DIMSE command (DICOM PS3.7, PS3.8).
//
//event:kind dicom
type DICOM struct {
	PDU       string   `eve:"pdu"` // associate, reject, release, abort, command
	CalledAE  string   `eve:"called_ae"`
	CallingAE string   `eve:"calling_ae"`
	Accepted  bool     `eve:"accepted"`
	Reject    string   `eve:"reject_reason"`
	Services  []string `eve:"services"` // abstract syntaxes by name
	Impl      string   `eve:"implementation"`
	ImplUID   string   `eve:"implementation_uid"`
	Command   string   `eve:"command"` // C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET, N-...
	SOPClass  string   `eve:"sop_class"`
	Status    uint16   `eve:"status"`
	Answered  bool     `eve:"answered"`
	MoveTo    string   `eve:"move_destination"`
	Wildcard  bool     `eve:"wildcard_query"` // a C-FIND, C-MOVE or C-GET that matches everybody
	Results   uint32   `eve:"results"`        // pending responses seen
	SubOps    uint32   `eve:"suboperations"`  // completed sub-operations of a C-MOVE or C-GET
	Class     OpClass  `eve:"class"`
	Peer      string   `eve:"-"`
}

// Operation describes the command.
func (m *DICOM) Operation() Operation {
	verb := m.Command
	if verb == "" {
		verb = m.PDU
	}
	return Operation{Protocol: "dicom", Verb: verb, Class: m.Class, Target: m.CalledAE, Denied: m.Reject != "" || m.failed(), Reply: m.Answered}
}

// failed reports whether the status refuses or fails the command (PS3.7 annex
// C): 01xx and 02xx but for the warnings among them, Axxx, Cxxx.
func (m *DICOM) failed() bool {
	switch s := m.Status; {
	case s == 0x0107 || s == 0x0116:
		return false
	case s>>8 == 0x01 || s>>8 == 0x02:
		return true
	default:
		return s>>12 == 0xa || s>>12 == 0xc
	}
}

// HL7 is an HL7 version 2 message with its acknowledgement over MLLP. It never
// holds anything of the patient.
//
//event:kind hl7
type HL7 struct {
	Type       string  `eve:"message_type"` // "ORU^R01"
	Version    string  `eve:"version"`
	SendApp    string  `eve:"sending_application"`
	SendFac    string  `eve:"sending_facility"`
	RecvApp    string  `eve:"receiving_application"`
	RecvFac    string  `eve:"receiving_facility"`
	ControlID  string  `eve:"control_id"`
	Processing string  `eve:"processing_id"`
	Ack        string  `eve:"ack"` // AA, AE, AR, CA, CE, CR
	Segments   uint16  `eve:"segments"`
	Patient    bool    `eve:"patient_data"` // a PID segment is there
	Class      OpClass `eve:"class"`
	Length     uint32  `eve:"length"`
}

// Operation describes the message.
func (m *HL7) Operation() Operation {
	return Operation{Protocol: "hl7", Verb: m.Type, Class: m.Class, Target: m.RecvApp, Denied: m.Ack != "" && m.Ack != "AA" && m.Ack != "CA", Reply: m.Ack != ""}
}
