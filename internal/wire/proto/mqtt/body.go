package mqtt

// body reads what follows the fixed header, by the packet's type.
func (r *reader) body() {
	if r.p.Type == Reserved || r.p.Type == AUTH && r.p.Version != V5 {
		return // nothing is known of the body
	}
	switch r.p.Type {
	case CONNECT:
		r.connect()
	case CONNACK:
		r.connack()
	case PUBLISH:
		r.publish()
		return // the payload is what is left
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		r.id()
		r.reason()
	case SUBSCRIBE:
		r.subscribe()
	case UNSUBSCRIBE:
		r.unsubscribe()
	case SUBACK, UNSUBACK:
		r.filtersAck()
	case DISCONNECT:
		r.disconnect()
	case AUTH:
		r.auth()
	}
	if len(r.b) > 0 {
		r.fault(ErrTrailing)
	}
}

// sentBy says which side sends a packet type: bit 1 the client, bit 2 the server.
var sentBy = [16]uint8{
	CONNECT: 1, CONNACK: 2, PUBLISH: 3, PUBACK: 3, PUBREC: 3, PUBREL: 3, PUBCOMP: 3,
	SUBSCRIBE: 1, SUBACK: 2, UNSUBSCRIBE: 1, UNSUBACK: 2, PINGREQ: 1, PINGRESP: 2,
	DISCONNECT: 3, AUTH: 3,
}

// fixedFlags gives the flags that a packet type other than PUBLISH must have.
func fixedFlags(t Type) uint8 {
	switch t {
	case PUBREL, SUBSCRIBE, UNSUBSCRIBE:
		return 2
	}
	return 0
}

// header holds type, flags and direction against each other. MQTT 3.1 ignores
// the flags that it does not use; a CONNECT tells its version only later.
func (r *reader) header() {
	p := r.p
	by := sentBy[p.Type]
	if p.Version != V5 && p.Type == DISCONNECT {
		by = 1
	}
	switch {
	case p.Type == Reserved, p.Type == AUTH && p.Version != V5:
		r.fault(ErrType)
	case r.side != AnySide && by&uint8(r.side) == 0:
		r.fault(ErrDirection)
	}
	want := fixedFlags(p.Type)
	switch p.Type {
	case Reserved, CONNECT:
		return
	case PUBLISH:
		p.Dup, p.QoS, p.Retain = p.Flags&8 != 0, p.Flags>>1&3, p.Flags&1 != 0
		switch {
		case p.QoS == 3:
			r.fault(ErrQoS)
		case p.QoS == 0 && p.Dup && p.Version != V31:
			r.fault(ErrDup)
		}
		return
	case PUBREL, SUBSCRIBE, UNSUBSCRIBE:
		if p.Version == V31 && p.Flags&^9 == want {
			return
		}
	default:
		if p.Version == V31 {
			return
		}
	}
	if p.Flags != want {
		r.fault(ErrFlags)
	}
}

func (r *reader) id() {
	r.p.ID = r.u16()
	if r.p.ID == 0 && !r.stopped {
		r.fault(ErrPacketID)
	}
}

func (r *reader) connect() {
	c := &r.p.Connect
	c.Protocol = r.bin()
	level := r.u8()
	if r.stopped {
		return
	}
	c.Version, c.Bridge = Version(level), false
	if level == 0x80|uint8(V31) || level == 0x80|uint8(V311) {
		c.Version, c.Bridge = Version(level&0x7f), true
	}
	r.p.Version = c.Version
	switch string(c.Protocol) {
	case "MQIsdp":
		if c.Version != V31 {
			r.fault(ErrVersion)
		}
	case "MQTT":
		if c.Version != V311 && c.Version != V5 {
			r.fault(ErrVersion)
		}
	default:
		r.fault(ErrProtocol)
		r.stop()
	}
	if c.Version != V31 && r.p.Flags != 0 {
		r.fault(ErrFlags)
	}
	flags := r.u8()
	c.KeepAlive = r.u16()
	if r.stopped {
		return
	}
	r.connectFlags(flags)
	if c.Version == V5 {
		r.properties(&r.p.Props, CONNECT)
		r.authData()
	}
	c.ClientID = r.str()
	if r.stopped {
		return
	}
	if len(c.ClientID) == 0 && (c.Version == V31 || c.Version == V311 && !c.Clean) {
		r.fault(ErrClientID)
	}
	r.will()
	// MQTT 3.1 lets the remaining length overrule these two flags.
	if c.HasUser && !(c.Version == V31 && len(r.b) == 0) {
		c.User = r.str()
	}
	if c.HasPassword && !(c.Version == V31 && len(r.b) == 0) {
		c.Password = r.bin()
	}
}

// connectFlags reads the flags of section 3.1.2.3.
func (r *reader) connectFlags(flags uint8) {
	c := &r.p.Connect
	c.Clean, c.HasWill = flags&2 != 0, flags&4 != 0
	c.HasUser, c.HasPassword = flags&0x80 != 0, flags&0x40 != 0
	c.Will.QoS, c.Will.Retain = flags>>3&3, flags&0x20 != 0
	if flags&1 != 0 && c.Version != V31 {
		r.fault(ErrConnectFlags)
	}
	if c.HasWill && c.Will.QoS == 3 || !c.HasWill && (c.Will.QoS != 0 || c.Will.Retain) {
		r.fault(ErrWillFlags)
	}
	if c.HasPassword && !c.HasUser && c.Version != V5 {
		r.fault(ErrPasswordAlone)
	}
}

func (r *reader) will() {
	c := &r.p.Connect
	if !c.HasWill {
		return
	}
	if c.Version == V5 {
		r.properties(&c.Will.Props, willProps)
	}
	c.Will.Topic = r.topic()
	c.Will.Payload = r.bin()
	if len(c.Will.Topic) == 0 && !r.stopped {
		r.fault(ErrTopicEmpty)
	}
}

// topic reads a topic name, which may be empty.
func (r *reader) topic() []byte {
	t := r.str()
	if f := checkTopic(t); f != nil {
		r.fault(f)
	}
	return t
}

func (r *reader) authData() {
	if r.p.Props.Has(AuthData) && !r.p.Props.Has(AuthMethod) && !r.stopped {
		r.fault(ErrAuthData)
	}
}

func (r *reader) connack() {
	p := r.p
	flags := r.u8()
	p.Code = Reason(r.u8())
	if r.stopped {
		return
	}
	p.Session = flags&1 != 0
	switch {
	case p.Version == V31: // the first byte is reserved there
	case flags > 1:
		r.fault(ErrAckFlags)
	case p.Session && p.Code != Success:
		r.fault(ErrSession)
	}
	if p.Version == V5 {
		r.properties(&p.Props, CONNACK)
		r.authData()
	}
	r.code()
}

// code holds the reason code against those of the packet type.
func (r *reader) code() {
	if !r.stopped && !r.p.Code.allowed(r.p.Version, r.p.Type, r.side) {
		r.fault(ErrReason)
	}
}

// reason reads reason code and properties, both of which may be left out
// (section 3.4.2.1).
func (r *reader) reason() {
	p := r.p
	p.bodyless = true
	if p.Version != V5 || len(r.b) == 0 || r.stopped {
		return
	}
	p.bodyless = false
	p.Code = Reason(r.u8())
	if len(r.b) > 0 {
		r.properties(&p.Props, p.Type)
	}
	r.code()
}

func (r *reader) publish() {
	p := r.p
	p.Topic = r.topic()
	if p.QoS != 0 && !r.stopped {
		r.id()
	}
	if p.Version == V5 && !r.stopped {
		r.properties(&p.Props, PUBLISH)
	}
	if r.stopped {
		return
	}
	if len(p.Topic) == 0 && !p.Props.Has(TopicAlias) {
		r.fault(ErrTopicEmpty)
	}
	p.Payload, p.Size = r.b, len(r.b)+r.missing
	if r.missing > 0 && len(p.Payload) < HeadSize && r.err == nil {
		r.short = true
	}
}

func (r *reader) subscribe() {
	p := r.p
	r.id()
	if p.Version == V5 && !r.stopped {
		r.properties(&p.Props, SUBSCRIBE)
	}
	for n := 0; !r.stopped; n++ {
		if len(r.b) == 0 {
			if n == 0 {
				r.fault(ErrNoFilter)
			}
			return
		}
		f := r.filter()
		f.Options = r.u8()
		if r.stopped {
			return
		}
		r.options(f)
		p.Filters = append(p.Filters, f)
	}
}

// options holds subscription options against section 3.8.3.1; MQTT 3 has
// nothing but the QoS there.
func (r *reader) options(f Filter) {
	switch {
	case r.p.Version == V31 && f.QoS() != 3: // other bits are ignored
	case r.p.Version != V5 && f.Options > 2:
		r.fault(ErrOptions)
	case f.QoS() == 3 || f.RetainHandling() == 3:
		r.fault(ErrOptionsQoS)
	case f.Options&0xc0 != 0:
		r.fault(ErrOptions)
	case r.p.Version == V5 && f.NoLocal() && len(f.Topic) > len(sharePrefix) && string(f.Topic[:len(sharePrefix)]) == string(sharePrefix):
		r.fault(ErrSharedNoLocal)
	}
}

func (r *reader) filter() Filter {
	f := Filter{Topic: r.str()}
	if !r.stopped {
		if fault := checkFilter(f.Topic, r.p.Version); fault != nil {
			r.fault(fault)
		}
	}
	return f
}

func (r *reader) unsubscribe() {
	p := r.p
	r.id()
	if p.Version == V5 && !r.stopped {
		r.properties(&p.Props, UNSUBSCRIBE)
	}
	for n := 0; !r.stopped; n++ {
		if len(r.b) == 0 {
			if n == 0 {
				r.fault(ErrNoFilter)
			}
			return
		}
		if f := r.filter(); !r.stopped {
			p.Filters = append(p.Filters, f)
		}
	}
}

// filtersAck reads a SUBACK or UNSUBACK; before MQTT 5.0 the latter has no codes.
func (r *reader) filtersAck() {
	p := r.p
	r.id()
	if p.Version == V5 && !r.stopped {
		r.properties(&p.Props, p.Type)
	}
	if r.stopped || p.Type == UNSUBACK && p.Version != V5 {
		return
	}
	p.Codes, r.b = r.b, nil
	if len(p.Codes) == 0 {
		r.fault(ErrNoCodes)
	}
	for _, c := range p.Codes {
		if !Reason(c).allowed(p.Version, p.Type, r.side) {
			r.fault(ErrReason)
			return
		}
	}
}

func (r *reader) disconnect() {
	if r.p.Version == V5 {
		r.reason()
	} else {
		r.p.bodyless = true
	}
}

func (r *reader) auth() {
	r.reason()
	if !r.p.bodyless && !r.stopped && !r.p.Props.Has(AuthMethod) {
		r.fault(ErrAuthMethod)
	}
	if r.p.bodyless {
		r.code()
	}
	r.authData()
}
