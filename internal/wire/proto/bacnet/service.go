package bacnet

import "edgeward/internal/event"

// parameters is what the facts tell of a service's parameters.
type parameters struct {
	class     event.OpClass // in place of the service's own, when set
	object    ObjectID
	hasObject bool
	property  uint32
	hasProp   bool
	priority  uint8
	count     uint16
	state     string
	password  Tag
	instance  uint32 // of the device that a notification or I-Am tells
	hasDevice bool
	vendor    uint16
	hasVendor bool
	model     Tag // who-am-i
	serial    Tag
}

func (p *parameters) setObject(t Tag) {
	if p.hasObject {
		return
	}
	p.object, p.hasObject = t.object()
}

func (p *parameters) setProperty(t Tag) {
	p.count++
	if !p.hasProp {
		p.property, p.hasProp = t.unsigned(), true
	}
}

// readConfirmed reads the parameters of a confirmed request. It reports false
// when they are malformed; what was read before stays.
func readConfirmed(p *parameters, service uint8, b []byte) bool {
	*p = parameters{}
	r := newReader(b)
	switch service {
	case SvcReadProperty, SvcWriteProperty, SvcAddListElement, SvcRemoveListElement, SvcReadRange:
		p.reference(&r)
		switch service {
		case SvcWriteProperty:
			p.written(&r)
		case SvcRemoveListElement: // whoever is off the list hears no alarms
			p.class = writeClass(p.object, p.property)
		}
		p.count = 0
	case SvcReadPropertyMultiple:
		p.readMultiple(&r)
	case SvcWritePropertyMultiple:
		p.writeMultiple(&r)
	case SvcAtomicReadFile, SvcAtomicWriteFile, SvcDeleteObject:
		if t, ok := r.application(TagObject); ok {
			p.setObject(t)
		}
	case SvcCreateObject:
		if r.open(0) {
			if t, ok := r.context(1); ok {
				p.setObject(t)
			} else if t, ok := r.context(0); ok {
				p.object, p.hasObject = NewObjectID(uint16(min(t.unsigned(), 0x3ff)), anyInstance), true
			}
		}
	case SvcReinitializeDevice:
		if t, ok := r.context(0); ok {
			op := reinitialize(t.unsigned())
			p.state, p.class = op.name, op.class
		}
		p.password, _ = r.context(1)
	case SvcDeviceCommunicationControl:
		_, _ = r.context(0)
		if t, ok := r.context(1); ok {
			p.state = communication(t.unsigned())
		}
		p.password, _ = r.context(2)
	case SvcSubscribeCOV, SvcSubscribeCOVProperty, SvcAcknowledgeAlarm:
		_, _ = r.context(0)
		if t, ok := r.context(1); ok {
			p.setObject(t)
		}
	case SvcLifeSafetyOperation:
		_, _ = r.context(0)
		_, _ = r.context(1)
		if t, ok := r.context(2); ok {
			p.state = lifeSafety(t.unsigned())
		}
		if t, ok := r.context(3); ok {
			p.setObject(t)
		}
	case SvcConfirmedCOV, SvcConfirmedEvent:
		p.notification(&r)
	case SvcPrivateTransfer:
		if t, ok := r.context(0); ok {
			p.vendor, p.hasVendor = uint16(t.unsigned()), true
		}
	}
	return !r.bad
}

// reference reads object and property as most services have them.
func (p *parameters) reference(r *reader) {
	if t, ok := r.context(0); ok {
		p.setObject(t)
	}
	if t, ok := r.context(1); ok {
		p.setProperty(t)
	}
	_, _ = r.context(2) // array index
}

// written reads value and priority of a property that is written.
func (p *parameters) written(r *reader) {
	if r.open(3) {
		r.skip()
	}
	if t, ok := r.context(4); ok {
		p.priority = uint8(t.unsigned())
	}
	p.class = writeClass(p.object, p.property)
}

func (p *parameters) readMultiple(r *reader) {
	for {
		t, ok := r.context(0)
		if !ok || !r.open(1) {
			return
		}
		p.setObject(t)
		for !r.close(1) {
			t, ok := r.context(0)
			if !ok {
				return
			}
			p.setProperty(t)
			_, _ = r.context(1)
		}
	}
}

func (p *parameters) writeMultiple(r *reader) {
	for {
		t, ok := r.context(0)
		if !ok || !r.open(1) {
			return
		}
		p.setObject(t)
		o, _ := t.object()
		for !r.close(1) {
			t, ok := r.context(0)
			if !ok {
				return
			}
			p.setProperty(t)
			if class := writeClass(o, t.unsigned()); p.class == "" || class != event.OpWrite {
				p.class = class
			}
			_, _ = r.context(1)
			if !r.open(2) {
				return
			}
			r.skip()
			if t, ok := r.context(3); ok && p.priority == 0 {
				p.priority = uint8(t.unsigned())
			}
		}
	}
}

// notification reads process, device and object of a notification.
func (p *parameters) notification(r *reader) {
	_, _ = r.context(0)
	if t, ok := r.context(1); ok {
		if o, ok := t.object(); ok {
			p.instance, p.hasDevice = o.Instance(), true
		}
	}
	if t, ok := r.context(2); ok {
		p.setObject(t)
	}
}

// readUnconfirmed reads the parameters of an unconfirmed request.
func readUnconfirmed(p *parameters, service uint8, b []byte) bool {
	*p = parameters{}
	r := newReader(b)
	switch service {
	case SvcIAm:
		if t, ok := r.application(TagObject); ok {
			p.setObject(t)
			p.instance, p.hasDevice = p.object.Instance(), p.object.Type() == objectDevice
		}
		_, _ = r.application(TagUnsigned)
		_, _ = r.application(TagEnumerated)
		if t, ok := r.application(TagUnsigned); ok {
			p.vendor, p.hasVendor = uint16(t.unsigned()), true
		}
		return !r.bad && p.hasDevice && p.hasVendor
	case SvcIHave:
		if t, ok := r.application(TagObject); ok {
			if o, ok := t.object(); ok {
				p.instance, p.hasDevice = o.Instance(), true
			}
		}
		if t, ok := r.application(TagObject); ok {
			p.setObject(t)
		}
	case SvcWhoHas:
		_, _ = r.context(0)
		_, _ = r.context(1)
		if t, ok := r.context(2); ok {
			p.setObject(t)
		}
	case SvcUnconfirmedCOV, SvcUnconfirmedEvent:
		p.notification(&r)
	case SvcUnconfirmedTransfer:
		if t, ok := r.context(0); ok {
			p.vendor, p.hasVendor = uint16(t.unsigned()), true
		}
	case SvcWhoAmI:
		if t, ok := r.application(TagUnsigned); ok {
			p.vendor, p.hasVendor = uint16(t.unsigned()), true
		}
		p.model, _ = r.application(TagString)
		p.serial, _ = r.application(TagString)
	}
	return !r.bad
}

// values calls what for each property value in an answer to read-property or
// read-property-multiple.
func values(service uint8, b []byte, what func(o ObjectID, property uint32, value Tag)) {
	r := newReader(b)
	if service == SvcReadProperty {
		o, ok := r.context(0)
		property, ok2 := r.context(1)
		_, _ = r.context(2)
		if id, isObject := o.object(); ok && ok2 && isObject && r.open(3) {
			what(id, property.unsigned(), r.skip())
		}
		return
	}
	for {
		o, ok := r.context(0)
		id, isObject := o.object()
		if !ok || !isObject || !r.open(1) {
			return
		}
		for !r.close(1) {
			property, ok := r.context(2)
			if !ok {
				return
			}
			_, _ = r.context(3)
			switch {
			case r.open(4):
				what(id, property.unsigned(), r.skip())
			case r.open(5):
				r.skip()
			default:
				return
			}
		}
	}
}

// readError reads class and code of an error, which some services wrap.
func readError(b []byte) (class, code uint32, ok bool) {
	r := newReader(b)
	for r.ok && r.next.Open {
		r.any()
	}
	c, ok := r.application(TagEnumerated)
	if !ok {
		return 0, 0, false
	}
	d, ok := r.application(TagEnumerated)
	return c.unsigned(), d.unsigned(), ok
}
