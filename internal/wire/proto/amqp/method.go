package amqp

import "encoding/binary"

// Method is class and method identifier of a 0-9-1 method.
type Method uint32

// The methods that facts are made of.
const (
	ConnectionStart   Method = 10<<16 | 10
	ConnectionStartOK Method = 10<<16 | 11
	ConnectionSecure  Method = 10<<16 | 20
	ConnectionTune    Method = 10<<16 | 30
	ConnectionOpen    Method = 10<<16 | 40
	ConnectionOpenOK  Method = 10<<16 | 41
	ConnectionClose   Method = 10<<16 | 50
	ChannelClose      Method = 20<<16 | 40
	ExchangeDeclare   Method = 40<<16 | 10
	ExchangeDelete    Method = 40<<16 | 20
	QueueDeclare      Method = 50<<16 | 10
	QueueBind         Method = 50<<16 | 20
	QueuePurge        Method = 50<<16 | 30
	QueueDelete       Method = 50<<16 | 40
	BasicConsume      Method = 60<<16 | 20
	BasicPublish      Method = 60<<16 | 40
	BasicDeliver      Method = 60<<16 | 60
	BasicGet          Method = 60<<16 | 70
)

// String gives "class.method", "" for a method that no fact names.
func (m Method) String() string { return methodNames[m] }

var methodNames = map[Method]string{
	ConnectionStart: "connection.start", ConnectionStartOK: "connection.start-ok",
	ConnectionSecure: "connection.secure", ConnectionTune: "connection.tune",
	ConnectionOpen: "connection.open", ConnectionOpenOK: "connection.open-ok",
	ConnectionClose: "connection.close", ChannelClose: "channel.close",
	ExchangeDeclare: "exchange.declare", ExchangeDelete: "exchange.delete",
	QueueDeclare: "queue.declare", QueueBind: "queue.bind", QueuePurge: "queue.purge", QueueDelete: "queue.delete",
	BasicConsume: "basic.consume", BasicPublish: "basic.publish", BasicDeliver: "basic.deliver", BasicGet: "basic.get",
}

// highest has the highest method identifier of each class of 0-9-1, by class;
// 30 was access in 0-9.
var highest = map[uint16]uint16{10: 71, 20: 41, 30: 11, 40: 51, 50: 51, 60: 120, 85: 11, 90: 31}

// DecodeMethod reads the identifiers at the beginning of a method frame's
// payload and gives its arguments.
func DecodeMethod(payload []byte) (m Method, args []byte, err error) {
	if len(payload) < 4 {
		return 0, nil, ErrFrame
	}
	class, id := binary.BigEndian.Uint16(payload), binary.BigEndian.Uint16(payload[2:])
	if top, ok := highest[class]; !ok || id < 10 || id > top {
		return 0, nil, ErrFrame
	}
	return Method(class)<<16 | Method(id), payload[4:], nil
}

// Args reads the arguments of a method one after the other. What runs past the
// end comes back empty and sets Bad.
type Args struct {
	b   []byte
	Bad bool
}

// NewArgs begins reading.
func NewArgs(b []byte) Args { return Args{b: b} }

// Skip leaves out n bytes.
func (a *Args) Skip(n int) { a.take(n) }

func (a *Args) take(n int) []byte {
	if a.Bad || n < 0 || n > len(a.b) {
		a.Bad, a.b = true, nil
		return nil
	}
	v := a.b[:n:n]
	a.b = a.b[n:]
	return v
}

// Uint reads an unsigned number of n bytes.
func (a *Args) Uint(n int) uint64 {
	var v uint64
	for _, c := range a.take(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

// Short reads a short string.
func (a *Args) Short() []byte { return a.take(int(a.Uint(1))) }

// Long reads a long string or a table as it lies.
func (a *Args) Long() []byte { return a.take(int(a.Uint(4))) }

// Lookup finds a long string in a table (section 4.2.5.5), looking into no
// tables inside. It gives nil when there is none of that name.
func Lookup(table []byte, name string) []byte {
	a := NewArgs(table)
	for !a.Bad && len(a.b) > 0 {
		key := a.Short()
		kind := byte(a.Uint(1))
		if kind == 'S' {
			if v := a.Long(); string(key) == name && !a.Bad {
				return v
			}
			continue
		}
		a.skipField(kind)
	}
	return nil
}

// skipField leaves out a table value of a kind, with RabbitMQ's reading of 's'
// as a 16-bit number, which all brokers follow.
func (a *Args) skipField(kind byte) {
	switch kind {
	case 't', 'b', 'B':
		a.Skip(1)
	case 'U', 'u', 's':
		a.Skip(2)
	case 'I', 'i', 'f':
		a.Skip(4)
	case 'D':
		a.Skip(5)
	case 'L', 'l', 'd', 'T':
		a.Skip(8)
	case 'S', 'A', 'F', 'x':
		a.Long()
	case 'V':
	default:
		a.Bad = true
	}
}

// AppendShort writes a short string; of more than 255 bytes the rest is lost.
func AppendShort(b, s []byte) []byte {
	s = s[:min(len(s), 255)]
	return append(append(b, byte(len(s))), s...)
}

// AppendLong writes a long string.
func AppendLong(b, s []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}
