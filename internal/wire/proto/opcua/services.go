package opcua

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto/exchange"
)

// Limits of what is kept of one call.
const (
	maxNodes     = 4
	maxReads     = 16
	maxEndpoints = 16
)

// call is a request that waits for its response.
type call struct {
	from      event.Dir
	message   Type
	service   *service // nil when the id is unknown
	url       exchange.Text
	app       exchange.Text
	product   exchange.Text
	name      exchange.Text // of the client's application
	session   exchange.Text
	token     string // constant
	user      exchange.Text
	secret    event.Secret
	clear     bool // the secret could be read
	nodes     [maxNodes]exchange.Text
	nodeCount int
	reads     [maxReads]uint16 // numbers of the nodes read, if they identify the server
}

func (q *call) reset(from event.Dir, t Type, s *service) {
	q.from, q.message, q.service, q.token, q.clear = from, t, s, "", false
	q.secret, q.nodeCount, q.reads = event.Secret{}, 0, [maxReads]uint16{}
	q.url.Reset()
	q.app.Reset()
	q.product.Reset()
	q.name.Reset()
	q.session.Reset()
	q.user.Reset()
}

// id gives the request's encoding id, 0 when it is unknown.
func (q *call) id() uint16 {
	if q.service == nil {
		return 0
	}
	return q.service.id
}

func (q *call) addNode(id NodeID) {
	if q.nodeCount < maxNodes && id.Kind != 0 {
		t := &q.nodes[q.nodeCount]
		t.Reset()
		id.AppendTo(t)
		q.nodeCount++
	}
}

// decodeRequest reads what is of interest from a request's body behind its
// header (OPC 10000-4 section 5). What is cut is left out.
func decodeRequest(q *call, r *Reader) {
	switch q.id() {
	case idGetEndpoints, idFindServers:
		q.url.Printable(r.Bytes())
	case idRegisterServer, idRegisterServer2:
		q.app.Printable(r.Bytes())
		q.product.Printable(r.Bytes())
	case idCreateSession:
		app := r.application()
		q.app.Printable(app.uri)
		q.product.Printable(app.product)
		q.name.Printable(app.name)
		r.Bytes() // server URI
		q.url.Printable(r.Bytes())
		q.session.Printable(r.Bytes())
	case idRead:
		r.Skip(8 + 4) // maximum age, timestamps
		for i := range r.Len() {
			if r.cut || i >= maxReads {
				break
			}
			id, attribute := r.readValueID()
			q.addNode(id)
			const value = 13
			if id.Kind == 'i' && id.Namespace == 0 && attribute == value && identifies(id.Number) {
				q.reads[i] = uint16(id.Number)
			}
		}
	case idWrite:
		for range min(r.Len(), maxNodes) {
			id := r.NodeID()
			r.Uint32() // attribute
			r.Bytes()  // index range
			r.DataValue()
			q.addNode(id)
		}
	case idCall:
		for range min(r.Len(), maxNodes) {
			object := r.NodeID()
			q.addNode(r.NodeID()) // the method
			q.addNode(object)
			for range r.Len() {
				if r.cut {
					break
				}
				r.Variant()
			}
		}
	case idBrowse:
		r.NodeID() // view
		r.Skip(8 + 4 + 4)
		for range min(r.Len(), maxNodes) {
			q.addNode(r.NodeID())
			r.Uint32()
			r.NodeID()
			r.Skip(1 + 4 + 4)
		}
	case idTranslateBrowsePaths, idRegisterNodes:
		if r.Len() > 0 {
			q.addNode(r.NodeID())
		}
	case idCreateMonitoredItems:
		r.Skip(4 + 4) // subscription, timestamps
		for range min(r.Len(), maxNodes) {
			id, _ := r.readValueID()
			q.addNode(id)
			r.Skip(4 + 4 + 8) // mode, handle, sampling interval
			r.ExtensionObject()
			r.Skip(4 + 1)
		}
	case idHistoryRead:
		r.ExtensionObject()
		r.Skip(4 + 1)
		for range min(r.Len(), maxNodes) {
			q.addNode(r.NodeID())
			r.Bytes()
			r.QualifiedName()
			r.Bytes()
		}
	case idDeleteNodes:
		for range min(r.Len(), maxNodes) {
			q.addNode(r.NodeID())
			r.Skip(1)
		}
	case idAddNodes:
		if r.Len() > 0 {
			q.addNode(r.NodeID()) // the parent of the first
		}
	}
}

// readValueID reads a ReadValueId.
func (r *Reader) readValueID() (id NodeID, attribute uint32) {
	id, attribute = r.NodeID(), r.Uint32()
	r.Bytes()
	r.QualifiedName()
	return id, attribute
}

// application is an ApplicationDescription (OPC 10000-4 section 7.2). Views.
type application struct {
	uri, product, name []byte
	server             bool // it serves
}

func (r *Reader) application() (a application) {
	a.uri, a.product, a.name = r.Bytes(), r.Bytes(), r.LocalizedText()
	kind := r.Uint32()
	a.server = kind == 0 || kind == 2
	r.Bytes() // gateway
	r.Bytes() // discovery profile
	for range r.Len() {
		if r.cut {
			break
		}
		r.Bytes() // discovery URL
	}
	return a
}

// identityToken is what ActivateSession presents (OPC 10000-4 section 7.41).
type identityToken struct {
	kind     string // constant
	user     []byte
	password []byte
	sealed   bool // the password is encrypted
}

func (r *Reader) identityToken() (t identityToken) {
	r.Bytes() // algorithm of the client's signature
	r.Bytes()
	for range r.Len() { // software certificates
		if r.cut {
			break
		}
		r.Bytes()
		r.Bytes()
	}
	for range r.Len() {
		if r.cut {
			break
		}
		r.Bytes() // locale
	}
	id, body := r.ExtensionObject()
	t.kind = tokenName(id)
	if t.kind == "username" {
		u := Reader{b: body}
		u.Bytes() // policy id
		t.user, t.password = u.Bytes(), u.Bytes()
		t.sealed = len(u.Bytes()) > 0
		if u.cut {
			t.user, t.password = nil, nil
		}
	}
	return t
}

// endpoint is an EndpointDescription (OPC 10000-4 section 7.14). Views.
type endpoint struct {
	url    []byte
	server application
	mode   uint32
	policy []byte
	tokens [4]bool // by user token type
}

func (r *Reader) endpoint() (e endpoint) {
	e.url, e.server = r.Bytes(), r.application()
	r.Bytes() // certificate
	e.mode, e.policy = r.Uint32(), r.Bytes()
	for range r.Len() {
		if r.cut {
			break
		}
		r.Bytes() // policy id
		if kind := r.Uint32(); kind < 4 && !r.cut {
			e.tokens[kind] = true
		}
		r.Bytes() // issued token type
		r.Bytes() // issuer
		r.Bytes() // security policy
	}
	r.Bytes() // transport profile
	r.Skip(1) // security level
	return e
}

// appendTo words the endpoint: URL, policy, mode, token types.
func (e *endpoint) appendTo(t *exchange.Text) {
	t.Printable(e.url).Str(" ").Str(policyName(e.policy)).Str(" ").Str(modeName(e.mode))
	sep := " "
	for i, ok := range e.tokens {
		if ok {
			t.Str(sep).Str(tokenNames[i])
			sep = ","
		}
	}
}

// Nodes of every server's address space that say what it is (OPC 10000-5
// section 12.10).
const (
	nodeServerStatus = 2256
	nodeBuildInfo    = 2260
	nodeProductName  = 2261
	nodeProductURI   = 2262
	nodeManufacturer = 2263
	nodeSoftware     = 2264
	nodeBuildNumber  = 2265
)

func identifies(number uint32) bool {
	return number == nodeServerStatus || number >= nodeBuildInfo && number <= nodeBuildNumber
}

// build is what a server says of its software. Views.
type build struct {
	productURI, manufacturer, product, software, number []byte
}

// read takes the value of one of the nodes above.
func (b *build) read(node uint16, typ byte, value []byte) {
	const (
		typeString    = 12
		typeExtension = 22
	)
	v := Reader{b: value}
	switch {
	case typ == typeString:
		s := v.Bytes()
		switch node {
		case nodeProductName:
			b.product = s
		case nodeProductURI:
			b.productURI = s
		case nodeManufacturer:
			b.manufacturer = s
		case nodeSoftware:
			b.software = s
		case nodeBuildNumber:
			b.number = s
		}
	case typ == typeExtension:
		_, body := v.ExtensionObject()
		v = Reader{b: body}
		if node == nodeServerStatus {
			v.Skip(8 + 8 + 4) // start time, current time, state
		}
		info := build{v.Bytes(), v.Bytes(), v.Bytes(), v.Bytes(), v.Bytes()}
		if !v.cut {
			*b = info
		}
	}
}

func (b *build) empty() bool {
	return len(b.productURI)+len(b.manufacturer)+len(b.product)+len(b.software) == 0
}
