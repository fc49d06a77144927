package event

import "net/netip"

// Modbus is a request with its response (Modbus Application Protocol 1.1b3).
//
//event:kind modbus
type Modbus struct {
	ID        uint16  `eve:"transaction_id" cbor:"1"`
	Unit      uint8   `eve:"unit_id,keep" cbor:"2"`
	Function  uint8   `eve:"function_raw,keep" cbor:"3"`
	Name      string  `eve:"function" cbor:"4" col:"verb"`
	Sub       uint16  `eve:"subfunction" cbor:"5"`
	Address   uint16  `eve:"address" cbor:"6" col:"path"`
	Quantity  uint16  `eve:"quantity" cbor:"7"`
	Value     uint16  `eve:"value" cbor:"8"` // of a single write
	Exception uint8   `eve:"exception" cbor:"9" col:"status"`
	Class     OpClass `eve:"class" cbor:"10"`
	Answered  bool    `eve:"answered" cbor:"11"`
	UMAS      string  `eve:"umas" cbor:"12"` // function 90: the UMAS function's name
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
	Src         uint16   `eve:"src" cbor:"1"`
	Dst         uint16   `eve:"dst" cbor:"2"`
	Function    string   `eve:"function" cbor:"3" col:"verb"`
	FunctionNum uint8    `eve:"function_code" cbor:"4"`
	Seq         uint8    `eve:"sequence" cbor:"5"`
	IIN         string   `eve:"iin" cbor:"6"`
	Objects     []string `eve:"objects" cbor:"7" col:"path"` // "g12v1"
	Class       OpClass  `eve:"class" cbor:"8"`
	Answered    bool     `eve:"answered" cbor:"9"`
	Denied      bool     `eve:"denied" cbor:"10"`
	Unsolicited bool     `eve:"unsolicited" cbor:"11"`
	Control     string   `eve:"control" cbor:"12"`             // of the first control relay output block: trip, close, latch_on ...
	Point       uint32   `eve:"point" cbor:"13"`               // first point of a control
	Status      uint8    `eve:"status" cbor:"14" col:"status"` // status of the first control in the response
	File        string   `eve:"file" cbor:"15" col:"path"`
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
	Plus     bool     `eve:"plus" cbor:"1"`
	ROSCTR   string   `eve:"rosctr" cbor:"2"` // job, ack, ack_data, userdata
	Function string   `eve:"function" cbor:"3" col:"verb"`
	Code     uint8    `eve:"function_code" cbor:"4"`
	Sub      string   `eve:"subfunction" cbor:"5"`
	Block    string   `eve:"block" cbor:"6" col:"path"`
	Items    []string `eve:"items" cbor:"7" col:"path"` // areas and addresses read or written
	Error    uint16   `eve:"error" cbor:"8" col:"status"`
	Class    OpClass  `eve:"class" cbor:"9"`
	Answered bool     `eve:"answered" cbor:"10"`
	Rack     uint8    `eve:"rack" cbor:"11"`
	Slot     uint8    `eve:"slot" cbor:"12"`
	Version  uint8    `eve:"version" cbor:"13"` // of S7comm-plus
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
	Command    string  `eve:"command" cbor:"1" col:"verb"`
	CommandNum uint16  `eve:"command_code" cbor:"2"`
	Status     uint32  `eve:"status" cbor:"3" col:"status"`
	Session    uint32  `eve:"session" cbor:"4"`
	Service    string  `eve:"cip_service" cbor:"5" col:"verb"`
	ServiceNum uint8   `eve:"cip_service_code" cbor:"6"`
	ClassID    uint16  `eve:"cip_class" cbor:"7"`
	Instance   uint32  `eve:"cip_instance" cbor:"8"`
	Attribute  uint16  `eve:"cip_attribute" cbor:"9"`
	Tag        string  `eve:"cip_tag" cbor:"10" col:"path"`
	CIPStatus  uint8   `eve:"cip_status" cbor:"11" col:"status"`
	Class      OpClass `eve:"class" cbor:"12"`
	Answered   bool    `eve:"answered" cbor:"13"`
	IO         bool    `eve:"io" cbor:"14"` // implicit connected data
	Connection uint32  `eve:"connection_id" cbor:"15"`
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
	BVLC     string  `eve:"bvlc" cbor:"1"`
	PDU      string  `eve:"pdu" cbor:"2" col:"verb"` // confirmed-request, unconfirmed-request, simple-ack, complex-ack, error, reject, abort, segment-ack
	Service  string  `eve:"service" cbor:"3" col:"verb"`
	Object   string  `eve:"object" cbor:"4" col:"path"` // "device 1234"
	Property string  `eve:"property" cbor:"5"`
	InvokeID uint8   `eve:"invoke_id" cbor:"6"`
	Priority uint8   `eve:"priority" cbor:"7"`
	Class    OpClass `eve:"class" cbor:"8"`
	Error    string  `eve:"error" cbor:"9" col:"status"`
	Answered bool    `eve:"answered" cbor:"10"`
	Instance uint32  `eve:"device_instance" cbor:"11"`
	VendorID uint16  `eve:"vendor_id" cbor:"12"`
	State    string  `eve:"state" cbor:"13"`      // asked for by reinitialize-device and device-communication-control
	Count    uint16  `eve:"properties" cbor:"14"` // named in a request for several
	Network  uint16  `eve:"network" cbor:"15"`    // number of the network behind a router, where the device is
}

// Operation describes the request.
func (m *BACnet) Operation() Operation {
	return Operation{Protocol: "bacnet", Verb: m.Service, Class: m.Class, Target: m.Object, Denied: m.Error != "", Reply: m.Answered}
}

// OPCUA is an OPC UA service call with its response (OPC 10000-4, -6).
//
//event:kind opcua
type OPCUA struct {
	Message        string   `eve:"message" cbor:"1" col:"verb"` // HEL, ACK, ERR, OPN, CLO, MSG
	Service        string   `eve:"service" cbor:"2" col:"verb"`
	Endpoint       string   `eve:"endpoint" cbor:"3" col:"path"`
	SecurityPolicy string   `eve:"security_policy" cbor:"4"`
	SecurityMode   string   `eve:"security_mode" cbor:"5"`
	Application    string   `eve:"application_uri" cbor:"6" col:"name"`
	Product        string   `eve:"product_uri" cbor:"7"`
	Session        string   `eve:"session_name" cbor:"8"`
	IdentityToken  string   `eve:"identity_token" cbor:"9"` // anonymous, username, x509, issued
	User           string   `eve:"user" cbor:"10" col:"user"`
	Nodes          []string `eve:"nodes" cbor:"11" col:"path"`
	Endpoints      []string `eve:"endpoints" cbor:"12"` // of an answer: "url policy mode tokens"
	Status         string   `eve:"status" cbor:"13" col:"status"`
	Class          OpClass  `eve:"class" cbor:"14"`
	Answered       bool     `eve:"answered" cbor:"15"`
	Encrypted      bool     `eve:"encrypted" cbor:"16"`
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
	Frame    string  `eve:"frame" cbor:"1"` // I, S, U
	Type     string  `eve:"type_id" cbor:"2" col:"verb"`
	TypeNum  uint8   `eve:"type_num" cbor:"3"`
	Cause    string  `eve:"cause" cbor:"4" col:"status"`
	Neg      bool    `eve:"negative" cbor:"5"`
	CA       uint16  `eve:"common_address" cbor:"6"`
	IOA      uint32  `eve:"io_address" cbor:"7" col:"path"`
	Objects  uint8   `eve:"objects" cbor:"8"`
	Control  string  `eve:"control" cbor:"9" col:"verb"` // STARTDT act ...
	Class    OpClass `eve:"class" cbor:"10"`
	Dir      Dir     `eve:"-" cbor:"11"`
	Answered bool    `eve:"answered" cbor:"12"` // the confirmation of a command or request was seen
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
	Protocol Proto      `eve:"protocol,keep" cbor:"1" col:"proto"`
	Verb     string     `eve:"verb" cbor:"2" col:"verb"`
	Code     uint32     `eve:"code" cbor:"3"`
	Target   string     `eve:"target" cbor:"4" col:"path"`
	Class    OpClass    `eve:"class" cbor:"5"`
	Error    string     `eve:"error" cbor:"6" col:"status"`
	Answered bool       `eve:"answered" cbor:"7"`
	Addr     netip.Addr `eve:"address" cbor:"8"`         // address set or reported
	Name     string     `eve:"name" cbor:"9" col:"name"` // station, data set or GOOSE control block
}

// Operation describes the request.
func (m *ICS) Operation() Operation {
	return Operation{Protocol: m.Protocol.String(), Verb: m.Verb, Class: m.Class, Target: m.Target, Denied: m.Error != "", Reply: m.Answered}
}

// DICOM is an association or a DIMSE command (DICOM PS3.7, PS3.8).
//
//event:kind dicom
type DICOM struct {
	PDU       string   `eve:"pdu" cbor:"1" col:"verb"` // associate, reject, release, abort, command
	CalledAE  string   `eve:"called_ae" cbor:"2" col:"name"`
	CallingAE string   `eve:"calling_ae" cbor:"3" col:"user"`
	Accepted  bool     `eve:"accepted" cbor:"4"`
	Reject    string   `eve:"reject_reason" cbor:"5" col:"status"`
	Services  []string `eve:"services" cbor:"6"` // abstract syntaxes by name
	Impl      string   `eve:"implementation" cbor:"7"`
	ImplUID   string   `eve:"implementation_uid" cbor:"8"`
	Command   string   `eve:"command" cbor:"9" col:"verb"` // C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET, N-...
	SOPClass  string   `eve:"sop_class" cbor:"10" col:"path"`
	Status    uint16   `eve:"status" cbor:"11" col:"status"`
	Answered  bool     `eve:"answered" cbor:"12"`
	MoveTo    string   `eve:"move_destination" cbor:"13"`
	Wildcard  bool     `eve:"wildcard_query" cbor:"14"` // a C-FIND, C-MOVE or C-GET that matches everybody
	Results   uint32   `eve:"results" cbor:"15"`        // pending responses seen
	SubOps    uint32   `eve:"suboperations" cbor:"16"`  // completed sub-operations of a C-MOVE or C-GET
	Class     OpClass  `eve:"class" cbor:"17"`
	Peer      string   `eve:"-" cbor:"18"`
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
	Type       string  `eve:"message_type" cbor:"1" col:"verb"` // "ORU^R01"
	Version    string  `eve:"version" cbor:"2"`
	SendApp    string  `eve:"sending_application" cbor:"3" col:"user"`
	SendFac    string  `eve:"sending_facility" cbor:"4"`
	RecvApp    string  `eve:"receiving_application" cbor:"5" col:"name"`
	RecvFac    string  `eve:"receiving_facility" cbor:"6"`
	ControlID  string  `eve:"control_id" cbor:"7"`
	Processing string  `eve:"processing_id" cbor:"8"`
	Ack        string  `eve:"ack" cbor:"9" col:"status"` // AA, AE, AR, CA, CE, CR
	Segments   uint16  `eve:"segments" cbor:"10"`
	Patient    bool    `eve:"patient_data" cbor:"11"` // a PID segment is there
	Class      OpClass `eve:"class" cbor:"12"`
	Length     uint32  `eve:"length" cbor:"13"`
}

// Operation describes the message.
func (m *HL7) Operation() Operation {
	return Operation{Protocol: "hl7", Verb: m.Type, Class: m.Class, Target: m.RecvApp, Denied: m.Ack != "" && m.Ack != "AA" && m.Ack != "CA", Reply: m.Ack != ""}
}
