package hub

import (
	"cmp"
	"hash/maphash"
	"strings"
	"unicode/utf8"

	"edgeward/internal/bus"
	"edgeward/internal/event"
)

// maxServers bounds the brokers and servers of one sensor.
const maxServers = 4096

// maxNodeName bounds a topic or path in bytes.
const maxNodeName = 256

// nodeKey names an entry of the M2M explorer.
type nodeKey struct {
	tenant                                       uint16
	sensor, server, protocol, kind, name, client string
}

func compareNodeKeys(a, b nodeKey) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.server, b.server), cmp.Compare(a.protocol, b.protocol),
		cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name), cmp.Compare(a.client, b.client), cmp.Compare(a.sensor, b.sensor))
}

// serverKey names what a sensor saw of a server; with an empty server, the
// servers that it saw.
type serverKey struct {
	tenant         uint16
	sensor, server string
}

// m2mFact is a fact about a broker or server at the work of becoming nodes.
type m2mFact struct {
	u        *unit
	b        *bus.Batch
	time     int64
	server   string
	peer     string // the client: device id or address
	protocol string
	err      error
}

// m2m adds what a fact tells of a broker's clients and topics, or of a
// server's resources.
func (u *unit) m2m(b *bus.Batch, f *bus.Fact, src, dst string) error {
	if !f.Known {
		return nil
	}
	switch f.BodyKind {
	case event.KindMQTT, event.KindMQTTSN, event.KindCoAP, event.KindAMQP:
	default:
		return nil
	}
	body, err := f.DecodeBody(string(f.Raw))
	if err != nil {
		return nil
	}
	from, to := orAddress(src, f.Src), orAddress(dst, f.Dst)
	x := &m2mFact{u: u, b: b, time: f.Time, server: to, peer: from, protocol: f.KindName}
	switch v := body.(type) {
	case *event.MQTT:
		if v.Malformed != "" {
			return nil
		}
		x.toward(v.Dir)
		x.mqtt(v)
	case *event.MQTTSN:
		x.toward(v.Dir)
		x.mqttsn(v)
	case *event.CoAP:
		if v.Malformed != "" || v.Multicast {
			return nil
		}
		x.toward(v.Dir)
		x.coap(v)
	case *event.AMQP:
		x.amqp(v)
	}
	return x.err
}

// toward turns the sides of a message that the server sent.
func (x *m2mFact) toward(d event.Dir) {
	if d == event.ToClient {
		x.server, x.peer = x.peer, x.server
	}
}

// node adds to an entry; messages may be 0 for what was only named.
func (x *m2mFact) node(kind, name, client string, messages, bytes uint64, retained bool) {
	if x.err != nil || x.server == "" {
		return
	}
	if len(name) > maxNodeName {
		name = strings.ToValidUTF8(name[:maxNodeName-3], "") + "…"
	}
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "�")
	}
	if len(client) > maxNodeName {
		client = strings.ToValidUTF8(client[:maxNodeName], "")
	}
	k := nodeKey{x.b.Tenant, x.b.Sensor, x.server, x.protocol, kind, name, client}
	server := x.server
	limit := x.u.o.Nodes
	if kind == "server" {
		server, limit = "", maxServers
	}
	n := x.u.nodes[k]
	if n == nil {
		known, err := x.u.server(serverKey{x.b.Tenant, x.b.Sensor, server})
		if err != nil {
			x.err = err
			return
		}
		h := nodeHash(kind, name, client, x.server)
		if _, ok := known[h]; !ok {
			if len(known) >= limit {
				if kind == "server" {
					return
				}
				k.name, k.client = OtherKey, ""
			} else {
				known[h] = struct{}{}
			}
		}
		if n = x.u.nodes[k]; n == nil {
			n = &Node{Tenant: k.tenant, Server: k.server, Protocol: k.protocol, Kind: kind, Sensor: k.sensor, Name: k.name, Client: k.client, First: x.time, Last: x.time}
			x.u.nodes[k] = n
		}
	}
	n.Messages += messages
	n.Bytes += bytes
	n.Retained = n.Retained || retained
	n.First, n.Last = min(n.First, x.time), max(n.Last, x.time)
}

func nodeHash(kind, name, client, server string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, s := range []string{kind, name, client, server} {
		_, _ = h.WriteString(s) // never fails
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// server gives the hashes of what a server has.
func (u *unit) server(k serverKey) (map[uint64]struct{}, error) {
	if set, ok := u.known.servers.get(k); ok {
		return set, nil
	}
	set := map[uint64]struct{}{}
	err := u.tx.NodeKeys(k.tenant, k.sensor, k.server, func(kind, name, client string) {
		server := k.server
		if server == "" {
			server, name = name, ""
		}
		set[nodeHash(kind, name, client, server)] = struct{}{}
	})
	if err != nil {
		return nil, err
	}
	for n := range u.nodes { // what is not written yet, when the server was forgotten in between
		if n.tenant == k.tenant && n.sensor == k.sensor && (n.kind == "server") == (k.server == "") && (k.server == "" || n.server == k.server) {
			set[nodeHash(n.kind, n.name, n.client, n.server)] = struct{}{}
		}
	}
	u.known.servers.put(k, set)
	return set, nil
}

func (x *m2mFact) mqtt(v *event.MQTT) {
	length := uint64(v.Length)
	x.node("server", "", "", 1, length, false)
	id := v.ClientID
	if id == "" {
		id = v.Connect.ClientID
	}
	if id == "" {
		id = v.Connack.AssignedID
	}
	refused := v.Type == "connect" && v.Connack.Sent && v.Connack.Code != 0
	if !refused {
		name := id
		if name == "" {
			name = x.peer
		}
		x.node("client", name, x.peer, 1, length, false)
	}
	who := id
	if who == "" {
		who = x.peer
	}
	if t := v.Publish.Topic; t != "" {
		n := uint64(1)
		if v.Dir == event.ToClient { // what the broker passes on was counted when it came in
			n = 0
		}
		x.node("topic", t, "", n, n*uint64(v.Publish.Len), v.Publish.Retain)
	}
	if t := v.Connect.WillTopic; t != "" && !refused {
		x.node("topic", t, "", 0, 0, v.Connect.WillRetain)
	}
	for _, t := range v.Subscribe.Topics {
		if t.Filter != "" && (!v.Subscribe.Acked || t.Granted < 128) {
			x.node("subscription", t.Filter, who, 1, 0, false)
		}
	}
}

func (x *m2mFact) mqttsn(v *event.MQTTSN) {
	x.node("server", "", "", 1, uint64(v.Len), false)
	name := v.ClientID
	if name == "" {
		name = x.peer
	}
	x.node("client", name, x.peer, 1, uint64(v.Len), false)
	if v.Topic == "" {
		return
	}
	if strings.HasPrefix(v.Type, "subscribe") {
		x.node("subscription", v.Topic, name, 1, 0, false)
		return
	}
	x.node("topic", v.Topic, "", 1, uint64(v.Len), v.Retain)
}

func (x *m2mFact) coap(v *event.CoAP) {
	bytes := uint64(v.ReqLen) + uint64(v.RespLen)
	x.node("server", "", "", 1, bytes, false)
	x.node("client", x.peer, x.peer, 1, bytes, false)
	path := v.Path
	if v.Object != "" {
		path = v.Object
	}
	if path == "" {
		return
	}
	if v.Code != "4.04" { // what is asked for in vain does not exist
		x.node("resource", path, "", 1, bytes, false)
	}
	if v.Observe == "register" && (v.Code == "" || strings.HasPrefix(v.Code, "2.")) {
		x.node("observer", path, x.peer, 1, 0, false)
	}
	for _, l := range v.Links {
		if target, _, _ := strings.Cut(l, ";"); target != "" {
			x.node("resource", strings.Trim(target, "<>"), "", 0, 0, false)
		}
	}
}

func (x *m2mFact) amqp(v *event.AMQP) {
	x.node("server", "", "", 1, 0, false)
	name := v.ContainerID
	if name == "" {
		name = v.User
	}
	if name == "" {
		name = x.peer
	}
	x.node("client", name, x.peer, 1, 0, false)
	for _, t := range []string{v.Exchange, v.Queue} {
		if t != "" {
			x.node("topic", t, "", 1, 0, false)
		}
	}
}
