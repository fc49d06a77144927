package http

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/magic"
	"edgeward/internal/wire/proto/mining"
	"edgeward/internal/wire/proto/textline"
)

// memory is what was said of this connection already.
type memory struct {
	once       identity.Once
	identities int    // facts made
	login      uint64 // hash of the user and password accepted last
	proxied    uint64 // hash of the target of the last request to a proxy
	mined      uint64 // hash of the method of the last request of a miner
}

// report makes the facts of a transaction. One of both may be nil: a request
// nobody answered, or a response to what was not seen.
func (p *parser) report(c *proto.Conn, r *request, resp *response) {
	f := proto.Emit[event.HTTP](c, event.ToServer)
	if r != nil {
		r.findForm()
		r.fill(c, f)
	}
	if resp != nil {
		resp.examine()
		resp.fill(c, f)
	}
	p.banner(c, event.ToClient, "http.server", f.Server)
	p.banner(c, event.ToClient, "http.realm", f.Realm)
	p.banner(c, event.ToClient, "http.title", f.Title)
	p.banner(c, event.ToServer, "http.user_agent", f.UserAgent)
	if r != nil {
		p.logins(c, r, resp)
		p.portMapping(c, r, resp)
		p.proxying(c, r, resp)
		p.upload(c, r, f)
		p.mining(c, r, f)
	}
	if resp != nil {
		p.download(c, r, resp, f)
		if resp.magic == magic.XML {
			p.describe(c, resp.decoded)
		}
	}
}

// fill writes what a request says into a fact.
func (r *request) fill(c *proto.Conn, f *event.HTTP) {
	f.Method = c.String(r.get(r.method))
	f.Protocol = c.String(r.get(r.version))
	f.URL = c.String(r.get(r.target))
	f.Host = c.String(r.get(r.host))
	f.Port = r.port
	f.UserAgent = c.String(r.get(r.agent))
	f.Referer = c.String(r.get(r.referer))
	f.ReqType = c.String(r.get(r.ctype))
	f.SOAPAction = c.String(r.get(r.soap))
	f.XForwarded = c.String(r.get(r.xff))
	f.HeaderNames = c.String(r.get(r.names))
	f.Authenticate = c.String(r.get(r.auth))
	f.Cookie = r.cookie
	f.ReqLength = r.total
	if body := r.first(); len(body) > 0 {
		f.ReqBody = c.Head(body, maxBody)
		f.ReqMagic = magic.Classify(body)
	}
}

// examine looks at the kept part of the body.
func (r *response) examine() {
	body := r.first()
	r.decoded = body
	if r.encoding.n > 0 && len(body) > 0 {
		end := len(r.buf)
		r.buf = decode(r.buf, r.get(r.encoding), body)
		r.decoded = r.buf[end:]
	}
	switch {
	case len(body) == 0:
	case len(r.decoded) == 0, r.later:
		r.magic = magic.Unknown
	default:
		r.magic = magic.Classify(r.decoded)
	}
}

// fill writes what a response says into a fact.
func (r *response) fill(c *proto.Conn, f *event.HTTP) {
	f.Status = r.status
	if f.Protocol == "" {
		f.Protocol = c.String(r.get(r.version))
	}
	f.ContentType = c.String(r.get(r.ctype))
	f.Redirect = c.String(r.get(r.location))
	f.Server = c.String(r.get(r.server))
	f.PoweredBy = c.String(r.get(r.powered))
	f.Realm = c.String(r.get(r.realm))
	f.Via = c.String(r.get(r.via))
	f.Length = r.total
	f.Encoded = r.encoding.n > 0
	f.RespMagic = r.magic
	if len(r.decoded) > 0 {
		f.RespBody = c.Head(r.decoded, maxBody)
	}
	if r.magic == magic.HTML {
		var scratch [128]byte
		f.Title = c.String(title(scratch[:0], r.decoded))
	}
	if r.status == 101 {
		f.Upgrade = c.String(r.get(r.upgraded))
	}
}

// banner makes an identity fact of a text by which the host that dir comes
// from can be known.
func (p *parser) banner(c *proto.Conn, dir event.Dir, source, text string) {
	if text != "" {
		p.identify(c, dir, &event.Identity{Source: source, Banner: text})
	}
}

// identify makes an identity fact about the host that dir comes from, once for
// what it says.
func (p *parser) identify(c *proto.Conn, dir event.Dir, id *event.Identity) {
	if p.said.identities == maxIdentity {
		return
	}
	before := c.Tx
	p.said.once.Tell(c, dir, id)
	if c.Tx != before {
		p.said.identities++
	}
}

// download makes a fact of a file that a server sent.
func (p *parser) download(c *proto.Conn, r *request, resp *response, f *event.HTTP) {
	if resp.total == 0 || resp.later || f.Status/100 != 2 || f.Method == "CONNECT" {
		return
	}
	file := proto.Emit[event.FileInfo](c, event.ToServer)
	file.AppProto, file.Dir = event.ProtoHTTP, event.ToClient
	file.Filename, file.Host, file.Agent = f.URL, f.Host, f.UserAgent
	file.Magic, file.Mime, file.Size = f.RespMagic, f.ContentType, f.Length
}

// maxMined bounds what is kept of a miner's request.
const maxMined = 64

// mining makes a fact of a request to a mining pool or node (JSON-RPC over
// HTTP: getwork, getblocktemplate, eth_getWork).
func (p *parser) mining(c *proto.Conn, r *request, f *event.HTTP) {
	body := r.first()
	if f.Method != "POST" || len(body) == 0 {
		return
	}
	m, ok := mining.Classify(body)
	key := hash(hashSeed, m.Method)
	if !ok || key == p.said.mined {
		return
	}
	p.said.mined = key
	e := proto.Emit[event.Mining](c, event.ToServer)
	e.Protocol, e.Method, e.Transport = m.Dialect(), c.Head(m.Method, maxMined), "http"
	e.Worker, e.Agent, e.Accepted = c.Head(m.Worker, maxMined), f.UserAgent, f.Status/100 == 2
}

// upload makes a fact of a file that a client sent: the body of PUT, or any
// body that is software.
func (p *parser) upload(c *proto.Conn, r *request, f *event.HTTP) {
	if r.total == 0 || f.Method != "PUT" && !magic.Software(f.ReqMagic) {
		return
	}
	file := proto.Emit[event.FileInfo](c, event.ToServer)
	file.AppProto, file.Dir = event.ProtoHTTP, event.ToServer
	file.Filename, file.Host, file.Agent = f.URL, f.Host, f.UserAgent
	file.Magic, file.Mime, file.Size = f.ReqMagic, f.ReqType, f.ReqLength
}

// proxying makes a fact of a request to a proxy: CONNECT, or a target in
// absolute form that names another host. Ordinary servers answer the latter
// with a page of their own, so it is granted only when the response shows a
// proxy at work.
func (p *parser) proxying(c *proto.Conn, r *request, resp *response) {
	target := r.get(r.proxied)
	ok := resp != nil && resp.status >= 200 && resp.status < 300
	command := "connect"
	if !r.connect {
		if host, _ := splitHost(target); !r.absolute || !elsewhere(host, c.Server) {
			return
		}
		command = c.String(r.get(r.method))
		if key := hash(hashSeed, target); !ok || key != p.said.proxied {
			p.said.proxied = key
		} else {
			return
		}
		ok = ok && resp.proxied
	}
	f := proto.Emit[event.SOCKS](c, event.ToServer)
	f.Command, f.Target, f.Granted = command, c.String(target), ok
	if r.header.proxy {
		f.Auth = r.header.mechanism
	}
}

// hashSeed begins a hash (FNV-1a).
const hashSeed uint64 = 14695981039346656037

func hash[B ~string | ~[]byte](h uint64, b B) uint64 {
	for i := range len(b) {
		h = (h ^ uint64(b[i])) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211
}

// isStale reports whether a challenge asks for the same credentials with a
// new nonce (RFC 7616 section 3.3).
func isStale(challenge []byte) bool { return textline.Is(parameter(challenge, "stale"), "true") }
