package amqp

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/sasl"
)

// method makes the facts of a 0-9-1 method.
func (p *parser) method(c *proto.Conn, dir event.Dir, m Method, a Args) {
	switch m {
	case ConnectionStart:
		a.Skip(2)
		props, mechanisms := a.Long(), a.Long()
		if p.malformed(c, dir, &a) {
			return
		}
		f := p.fact(c, dir, m.String())
		for _, s := range bytes.Fields(head(mechanisms, maxText)) {
			f.Mechanisms = append(f.Mechanisms, c.String(s))
		}
		p.peer(c, dir, f, Lookup(props, "product"), Lookup(props, "version"), Lookup(props, "platform"))
	case ConnectionStartOK:
		props, mechanism, response := a.Long(), a.Short(), a.Long()
		if p.malformed(c, dir, &a) {
			return
		}
		p.authenticate(mechanism, response)
		f := p.fact(c, dir, m.String())
		f.Mechanism, f.User = c.String(mechanism), c.String(p.login.user)
		p.peer(c, dir, f, Lookup(props, "product"), Lookup(props, "version"), Lookup(props, "platform"))
	case ConnectionTune:
		p.outcome(c, "success")
	case ConnectionOpen:
		p.outcome(c, "success")
		p.fact(c, dir, m.String()).VHost = c.String(a.Short())
	case ConnectionClose, ChannelClose:
		code, text := uint16(a.Uint(2)), a.Short()
		if code == accessRefused {
			p.outcome(c, "failure")
		}
		f := p.fact(c, dir, m.String())
		f.ReplyCode, f.ReplyText = code, c.String(text)
	default:
		p.names(c, dir, m, a)
	}
}

// accessRefused is the reply code of 0-9-1 for a user who may not come in.
const accessRefused = 403

func (p *parser) malformed(c *proto.Conn, dir event.Dir, a *Args) bool {
	if a.Bad {
		p.anomaly(c, dir, "method_arguments")
	}
	return a.Bad
}

// names makes a fact of the queue and exchange that a method names, the first
// time on the connection.
func (p *parser) names(c *proto.Conn, dir event.Dir, m Method, a Args) {
	name := m.String()
	if name == "" || m < ExchangeDeclare {
		return
	}
	var exchange, queue []byte
	if m == BasicDeliver {
		a.Short()     // consumer tag
		a.Skip(8 + 1) // delivery tag, redelivered
		exchange = a.Short()
	} else {
		a.Skip(2) // reserved
		first := a.Short()
		switch m {
		case ExchangeDeclare, ExchangeDelete, BasicPublish:
			exchange = first
		case QueueBind:
			queue, exchange = first, a.Short()
		default:
			queue = first
		}
	}
	if p.malformed(c, dir, &a) || !p.seen.first(name, exchange, queue) {
		return
	}
	f := p.fact(c, dir, name)
	f.Exchange, f.Queue = c.String(exchange), c.String(queue)
}

// peer fills in what one side says of its software, and makes it an identity:
// a server's product is what the host is, a client's only what it runs.
func (p *parser) peer(c *proto.Conn, dir event.Dir, f *event.AMQP, product, version, platform []byte) {
	f.Product, f.ProductVer, f.Platform = c.Head(product, maxText), c.Head(version, maxText), c.Head(platform, maxText)
	if f.Product == "" {
		return
	}
	p.text = append(append(append(p.text[:0], head(product, maxText)...), ' '), head(version, maxText)...)
	id := event.Identity{Source: "amqp.connection", Banner: c.String(p.text)}
	if dir == event.ToClient {
		id.Type, id.Model, id.Firmware = "broker", f.Product, f.ProductVer
	}
	p.told.Tell(c, dir, &id)
}

// authenticate keeps what a SASL mechanism's first response says: PLAIN, or
// RabbitMQ's AMQPLAIN, which is a table.
func (p *parser) authenticate(mechanism, response []byte) {
	switch string(mechanism) {
	case "PLAIN":
		if user, secret, ok := sasl.Plain(response); ok {
			p.attempt(mechanism, user, secret, true)
		}
	case "AMQPLAIN":
		p.attempt(mechanism, Lookup(response, "LOGIN"), Lookup(response, "PASSWORD"), true)
	case "ANONYMOUS":
		p.login.user = p.login.user[:0]
	default:
		p.attempt(mechanism, nil, nil, false)
	}
}

// told10 reports whether facts are made of a performative of 1.0.
func told10(code byte) bool {
	switch code {
	case openFrame, attachFrame, closeFrame, saslMechanisms, saslInit, saslOutcome:
		return true
	}
	return false
}

// performative makes the facts of a performative of 1.0.
func (p *parser) performative(c *proto.Conn, dir event.Dir, v Value) {
	switch v.Descriptor {
	case saslMechanisms:
		f := p.fact(c, dir, "sasl-mechanisms")
		v.Field(0).Symbols(func(s []byte) {
			if len(f.Mechanisms) < 16 {
				f.Mechanisms = append(f.Mechanisms, c.Head(s, maxText))
			}
		})
	case saslInit:
		mechanism := v.Field(0).Bytes()
		p.authenticate(mechanism, v.Field(1).Bytes())
		f := p.fact(c, dir, "sasl-init")
		f.Mechanism, f.User = c.Head(mechanism, maxText), c.String(p.login.user)
		f.Hostname = c.Head(v.Field(2).Bytes(), maxText)
	case saslOutcome:
		code := v.Field(0).Uint()
		p.outcome(c, [...]string{"success", "failure", "unknown"}[min(code, 2)])
		p.fact(c, dir, "sasl-outcome").ReplyCode = uint16(code)
	case openFrame:
		f := p.fact(c, dir, "open")
		f.ContainerID, f.Hostname = c.Head(v.Field(0).Bytes(), maxText), c.Head(v.Field(1).Bytes(), maxText)
		props := v.Field(9)
		p.peer(c, dir, f, props.Lookup("product"), props.Lookup("version"), props.Lookup("platform"))
	case closeFrame:
		f := p.fact(c, dir, "close")
		if e := v.Field(0); e.Descriptor == errorList {
			f.ReplyText = c.Head(e.Field(0).Bytes(), maxText)
		}
	case attachFrame:
		p.attach(c, dir, v)
	}
}

// attach makes a fact of the addresses of a link, the first time on the
// connection.
func (p *parser) attach(c *proto.Conn, dir event.Dir, v Value) {
	address := []byte(nil)
	for i, want := range [...]uint64{5: sourceList, 6: targetList} {
		if e := v.Field(i); want != 0 && e.Descriptor == want && len(e.Field(0).Bytes()) > 0 {
			address = e.Field(0).Bytes()
		}
	}
	if len(address) == 0 || !p.seen.first("attach", address, nil) {
		return
	}
	p.fact(c, dir, "attach").Queue = c.Head(address, maxText)
}
