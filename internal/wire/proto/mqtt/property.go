package mqtt

import "encoding/binary"

// Property is a property identifier (MQTT 5.0 table 2-4).
type Property uint8

// The properties.
const (
	PayloadFormat         Property = 0x01
	MessageExpiry         Property = 0x02
	ContentType           Property = 0x03
	ResponseTopic         Property = 0x08
	CorrelationData       Property = 0x09
	SubscriptionID        Property = 0x0b
	SessionExpiry         Property = 0x11
	AssignedClientID      Property = 0x12
	ServerKeepAlive       Property = 0x13
	AuthMethod            Property = 0x15
	AuthData              Property = 0x16
	RequestProblemInfo    Property = 0x17
	WillDelay             Property = 0x18
	RequestResponseInfo   Property = 0x19
	ResponseInfo          Property = 0x1a
	ServerReference       Property = 0x1c
	ReasonString          Property = 0x1f
	ReceiveMaximum        Property = 0x21
	TopicAliasMaximum     Property = 0x22
	TopicAlias            Property = 0x23
	MaximumQoS            Property = 0x24
	RetainAvailable       Property = 0x25
	User                  Property = 0x26
	MaximumPacketSize     Property = 0x27
	WildcardAvailable     Property = 0x28
	SubscriptionIDsAvail  Property = 0x29
	SharedAvailable       Property = 0x2a
	propertyEnd                    = 0x2b
	willProps             Type     = Reserved // stands for the will's properties in the allow table
	maxVarint                      = 268_435_455
	maxString                      = 65_535
	subscriptionIDsAtMost          = 1024 // of one PUBLISH; the standard sets no limit
)

// encoding is how a property's value is written.
type encoding uint8

const (
	encNone encoding = iota
	encByte
	encUint16
	encUint32
	encVarint
	encString
	encBinary
	encPair
)

// propertyInfo says how a property is written, where its value lies in
// Properties and which packets may have it, one bit a packet type.
type propertyInfo struct {
	enc  encoding
	slot uint8
	in   uint16
	flag bool // the only values are 0 and 1
	some bool // 0 is not a value
}

const (
	inPublish  = 1 << PUBLISH
	inConnect  = 1 << CONNECT
	inWill     = 1 << willProps
	inDisc     = 1 << DISCONNECT
	inAuth     = 1 << AUTH
	inSub      = 1 << SUBSCRIBE
	inUnsub    = 1 << UNSUBSCRIBE
	inReplies  = 1<<CONNACK | 1<<PUBACK | 1<<PUBREC | 1<<PUBREL | 1<<PUBCOMP | 1<<SUBACK | 1<<UNSUBACK
	numSlots   = 16
	bytesSlots = 9
)

var propertyTable = [propertyEnd]propertyInfo{
	PayloadFormat:        {enc: encByte, slot: 0, in: inPublish | inWill, flag: true},
	MessageExpiry:        {enc: encUint32, slot: 1, in: inPublish | inWill},
	SessionExpiry:        {enc: encUint32, slot: 2, in: inConnect | inConnack | inDisc},
	ServerKeepAlive:      {enc: encUint16, slot: 3, in: inConnack},
	RequestProblemInfo:   {enc: encByte, slot: 4, in: inConnect, flag: true},
	WillDelay:            {enc: encUint32, slot: 5, in: inWill},
	RequestResponseInfo:  {enc: encByte, slot: 6, in: inConnect, flag: true},
	ReceiveMaximum:       {enc: encUint16, slot: 7, in: inConnect | inConnack, some: true},
	TopicAliasMaximum:    {enc: encUint16, slot: 8, in: inConnect | inConnack},
	TopicAlias:           {enc: encUint16, slot: 9, in: inPublish, some: true},
	MaximumQoS:           {enc: encByte, slot: 10, in: inConnack, flag: true},
	RetainAvailable:      {enc: encByte, slot: 11, in: inConnack, flag: true},
	MaximumPacketSize:    {enc: encUint32, slot: 12, in: inConnect | inConnack, some: true},
	WildcardAvailable:    {enc: encByte, slot: 13, in: inConnack, flag: true},
	SubscriptionIDsAvail: {enc: encByte, slot: 14, in: inConnack, flag: true},
	SharedAvailable:      {enc: encByte, slot: 15, in: inConnack, flag: true},
	ContentType:          {enc: encString, slot: 0, in: inPublish | inWill},
	ResponseTopic:        {enc: encString, slot: 1, in: inPublish | inWill},
	CorrelationData:      {enc: encBinary, slot: 2, in: inPublish | inWill},
	AssignedClientID:     {enc: encString, slot: 3, in: inConnack},
	AuthMethod:           {enc: encString, slot: 4, in: inConnect | inConnack | inAuth},
	AuthData:             {enc: encBinary, slot: 5, in: inConnect | inConnack | inAuth},
	ResponseInfo:         {enc: encString, slot: 6, in: inConnack},
	ServerReference:      {enc: encString, slot: 7, in: inConnack | inDisc},
	ReasonString:         {enc: encString, slot: 8, in: inReplies | inDisc | inAuth},
	SubscriptionID:       {enc: encVarint, in: inPublish | inSub},
	User:                 {enc: encPair, in: inConnect | inPublish | inWill | inReplies | inSub | inUnsub | inDisc | inAuth},
}

// Pair is a user property.
type Pair struct{ Name, Value []byte }

// Properties are the properties of one packet or will. Byte strings are views
// into the decoded bytes.
type Properties struct {
	set   uint64 // one bit a property
	nums  [numSlots]uint32
	bytes [bytesSlots][]byte
	// IDs are the subscription identifiers; only a PUBLISH has more than one.
	IDs []uint32
	// Users are the user properties in their order.
	Users []Pair
}

// Reset removes all properties and keeps the memory, up to a bound.
func (p *Properties) Reset() {
	p.set, p.IDs, p.Users = 0, p.IDs[:0], p.Users[:0]
	if cap(p.IDs) > maxKept {
		p.IDs = nil
	}
	if cap(p.Users) > maxKept {
		p.Users = nil
	}
}

// Has reports whether the property is there.
func (p *Properties) Has(id Property) bool { return p.set&(1<<id) != 0 }

// Uint gives the value of a property that is a number, 0 when it is not there.
func (p *Properties) Uint(id Property) uint32 {
	if id >= propertyEnd || !p.Has(id) || propertyTable[id].enc > encUint32 {
		return 0
	}
	return p.nums[propertyTable[id].slot]
}

// Bytes gives the value of a property that is a string or binary data, nil
// when it is not there.
func (p *Properties) Bytes(id Property) []byte {
	if id >= propertyEnd || !p.Has(id) || propertyTable[id].enc < encString || id == User {
		return nil
	}
	return p.bytes[propertyTable[id].slot]
}

// clear removes a property.
func (p *Properties) clear(id Property) { p.set &^= 1 << id }

// SetUint sets a property that is a number and does nothing for any other.
func (p *Properties) SetUint(id Property, v uint32) {
	if id < propertyEnd && propertyTable[id].enc >= encByte && propertyTable[id].enc <= encUint32 {
		p.set |= 1 << id
		p.nums[propertyTable[id].slot] = v
	}
}

// SetBytes sets a property that is a string or binary data and does nothing
// for any other.
func (p *Properties) SetBytes(id Property, v []byte) {
	if id < propertyEnd && propertyTable[id].enc >= encString && id != User {
		p.set |= 1 << id
		p.bytes[propertyTable[id].slot] = v
	}
}

// properties reads the property length and the properties of a packet of
// type t, or of a will.
func (r *reader) properties(p *Properties, t Type) {
	n, ok := r.varint()
	if !ok {
		return
	}
	if n > len(r.b)+r.missing {
		r.fault(ErrPropertySize)
		n = len(r.b)
	}
	if r.stopped || !r.need(n) {
		return
	}
	rest, missing := r.b[n:], r.missing
	r.b, r.missing = r.b[:n], 0
	for len(r.b) > 0 && !r.stopped {
		r.property(p, t)
	}
	if !r.stopped {
		r.b, r.missing = rest, missing
	}
}

// property reads one property. An unknown one ends the reading of the packet,
// as its length is unknown too.
func (r *reader) property(p *Properties, t Type) {
	v, ok := r.varint()
	if !ok {
		return
	}
	if v >= propertyEnd || propertyTable[v].enc == encNone {
		r.fault(ErrProperty)
		r.stop()
		return
	}
	id, info := Property(v), &propertyTable[v]
	if info.in&(1<<t) == 0 {
		r.fault(ErrPropertyPlace)
	}
	repeats := id == User || id == SubscriptionID && t == PUBLISH && r.side != Client
	if p.Has(id) && !repeats {
		r.fault(ErrPropertyTwice)
	}
	switch info.enc {
	case encByte:
		r.number(p, id, uint32(r.u8()))
	case encUint16:
		r.number(p, id, uint32(r.u16()))
	case encUint32:
		r.number(p, id, r.u32())
	case encVarint:
		r.subscriptionID(p, t)
	case encPair:
		pair := Pair{Name: r.str(), Value: r.str()}
		if !r.stopped {
			p.set |= 1 << id
			p.Users = append(p.Users, pair)
		}
	default:
		r.text(p, id)
	}
}

func (r *reader) number(p *Properties, id Property, v uint32) {
	if r.stopped {
		return
	}
	info := &propertyTable[id]
	switch {
	case id == TopicAlias && v == 0:
		r.fault(ErrTopicAlias)
	case id == PayloadFormat && r.lenient: // brokers long let any value pass
	case info.flag && v > 1, info.some && v == 0:
		r.fault(ErrPropertyValue)
	case id == SessionExpiry && r.p.Type == DISCONNECT && r.side == Server:
		r.fault(ErrPropertyPlace) // MQTT-3.14.2-2
	}
	p.SetUint(id, v)
}

func (r *reader) subscriptionID(p *Properties, t Type) {
	v, ok := r.varint()
	if !ok {
		return
	}
	if v == 0 {
		r.fault(ErrPropertyValue)
	}
	if t == PUBLISH && r.side == Client || len(p.IDs) == subscriptionIDsAtMost {
		r.fault(ErrPropertyPlace) // MQTT-3.3.4-6
		return
	}
	p.set |= 1 << SubscriptionID
	p.IDs = append(p.IDs, uint32(v))
}

func (r *reader) text(p *Properties, id Property) {
	var v []byte
	if propertyTable[id].enc == encBinary {
		v = r.bin()
	} else {
		v = r.str()
	}
	if r.stopped {
		return
	}
	if id == ResponseTopic {
		if f := checkTopic(v); f != nil {
			r.fault(f) // MQTT-3.3.2-14
		}
	}
	p.SetBytes(id, v)
}

// appendProperties writes the property length and the properties, each in the
// order of its identifier.
func appendProperties(b []byte, p *Properties) ([]byte, error) {
	n, err := p.size()
	if err != nil {
		return b, err
	}
	b = appendVarint(b, n)
	for id := Property(1); id < propertyEnd; id++ {
		if !p.Has(id) {
			continue
		}
		info := &propertyTable[id]
		switch info.enc {
		case encByte:
			b = append(b, byte(id), byte(p.nums[info.slot]))
		case encUint16:
			b = binary.BigEndian.AppendUint16(append(b, byte(id)), uint16(p.nums[info.slot]))
		case encUint32:
			b = binary.BigEndian.AppendUint32(append(b, byte(id)), p.nums[info.slot])
		case encVarint:
			for _, v := range p.IDs {
				b = appendVarint(append(b, byte(id)), int(v))
			}
		case encPair:
			for _, u := range p.Users {
				b = appendField(appendField(append(b, byte(id)), u.Name), u.Value)
			}
		default:
			b = appendField(append(b, byte(id)), p.bytes[info.slot])
		}
	}
	return b, nil
}

// size gives the bytes of the written properties without their length.
func (p *Properties) size() (int, error) {
	n := 0
	for id := Property(1); id < propertyEnd; id++ {
		if !p.Has(id) {
			continue
		}
		info := &propertyTable[id]
		switch info.enc {
		case encByte:
			n += 2
		case encUint16:
			n += 3
		case encUint32:
			n += 5
		case encVarint:
			for _, v := range p.IDs {
				n += 1 + varintSize(int(v))
			}
		case encPair:
			for _, u := range p.Users {
				if len(u.Name) > maxString || len(u.Value) > maxString {
					return 0, ErrFieldSize
				}
				n += 5 + len(u.Name) + len(u.Value)
			}
		default:
			if len(p.bytes[info.slot]) > maxString {
				return 0, ErrFieldSize
			}
			n += 3 + len(p.bytes[info.slot])
		}
	}
	return n, nil
}

// AddUser appends a user property.
func (p *Properties) AddUser(name, value []byte) {
	p.set |= 1 << User
	p.Users = append(p.Users, Pair{name, value})
}

// AddID appends a subscription identifier.
func (p *Properties) AddID(id uint32) {
	p.set |= 1 << SubscriptionID
	p.IDs = append(p.IDs, id)
}
