package ruleset

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"

	"edgeward/internal/policy"
)

// GuardPolicy is the document that the guard in front of MQTT brokers and CoAP
// servers takes: for each profile, what its devices may say and be told. What
// no grant allows is refused, as Mode says. It is written as YAML; GuardSchema
// describes it.
type GuardPolicy struct {
	Version        int                 `json:"version"` // 1
	Authentication GuardAuthentication `json:"authentication"`
	Profiles       []GuardProfile      `json:"profiles"`
}

// GuardAuthentication says who proves that clients are who they say.
type GuardAuthentication struct {
	By string `json:"by"` // server: the broker behind the guard does
}

// GuardProfile is what one profile's devices may do.
type GuardProfile struct {
	Profile  string      `json:"profile"` // id
	Revision int         `json:"revision"`
	Mode     policy.Mode `json:"mode"`
	// MACs and Addresses are those of the devices. A client id of ClientIDs is
	// accepted from them only: identity and device are bound.
	MACs      []string     `json:"macs,omitempty"`
	Addresses []string     `json:"addresses,omitempty"`
	ClientIDs []string     `json:"client_ids,omitempty"` // "*" at the end for any rest, "#" for digits
	Grants    []GuardGrant `json:"grants"`
}

// GuardGrant is one line of a profile.
type GuardGrant struct {
	Line     string `json:"line"` // its id, for verdicts
	Protocol string `json:"protocol"`
	// Asks says which side the devices are: client or server.
	Asks  string   `json:"asks"`
	Peers []string `json:"peers,omitempty"` // addresses and networks; none for any
	// Names are those of the peer, where it is known by name; the guard
	// resolves them itself.
	Names    []string       `json:"names,omitempty"`
	Rights   []GuardRight   `json:"rights,omitempty"` // none for all
	Hours    []policy.Range `json:"hours,omitempty"`  // of the day, UTC
	PerHour  uint64         `json:"per_hour,omitempty"`
	BytesOut uint64         `json:"bytes_out_per_hour,omitempty"` // from the device
	BytesIn  uint64         `json:"bytes_in_per_hour,omitempty"`  // to the device
}

// GuardRight is one verb: a packet of MQTT, a method of CoAP.
type GuardRight struct {
	Do string `json:"do"` // connect, publish, subscribe, will; get, post, put, delete, fetch, patch, ipatch
	// Observe and Proxy are CoAP's options of these names (RFC 7641; RFC 7252,
	// section 5.10.2); without them requests that have one are refused.
	Observe bool `json:"observe,omitempty"`
	Proxy   bool `json:"proxy,omitempty"`
	// On are topics or paths: "+" is one segment, "#" at the end the rest, "#"
	// elsewhere digits, {client} the client id. A subscription must lie wholly
	// in one of them. None for any.
	On        []string `json:"on,omitempty"`
	ClientIDs []string `json:"client_ids,omitempty"` // who may; none for all of the profile
	MaxQoS    *uint8   `json:"max_qos,omitempty"`
	Retain    *bool    `json:"retain,omitempty"` // false refuses it
	MaxBytes  uint32   `json:"max_bytes,omitempty"`
}

// GuardSchema is the JSON Schema of a GuardPolicy.
//
//go:embed guard.schema.json
var GuardSchema []byte

// guard writes the guard's policy.
func (w *writer) guard() {
	w.header("#", "Profiles as a policy of the guard.")
	doc := GuardPolicy{Version: 1, Authentication: GuardAuthentication{By: "server"}, Profiles: []GuardProfile{}}
	for _, b := range w.profiles {
		if g := w.guarded(b); len(g.Grants) > 0 {
			doc.Profiles = append(doc.Profiles, g)
		}
	}
	text, err := json.Marshal(&doc)
	if err != nil {
		panic("the guard's policy is always JSON: " + err.Error())
	}
	writeYAML(w, text)
	w.limit(nil, nil, "authentication", "a profile knows no secrets: who clients are is left to the server behind the guard")
}

func (w *writer) guarded(b *body) GuardProfile {
	g := GuardProfile{Profile: b.policy.ID, Revision: b.policy.Revision, Mode: b.mode}
	for _, h := range b.hosts {
		for _, m := range h.macs {
			g.MACs = append(g.MACs, m.String())
		}
	}
	slices.Sort(g.MACs)
	g.MACs = slices.Compact(g.MACs)
	for _, n := range b.addrs {
		g.Addresses = append(g.Addresses, network(n))
	}
	for _, id := range identities(b) {
		if guardText(id) {
			g.ClientIDs = append(g.ClientIDs, id)
		}
	}
	for _, e := range b.lines {
		if e.Protocol != "mqtt" && e.Protocol != "coap" {
			w.limit(b, e, "line", "the guard sees MQTT and CoAP only")
			continue
		}
		if grant, ok := w.grant(b, e, g.ClientIDs); ok {
			g.Grants = append(g.Grants, grant)
		}
	}
	return g
}

// grant writes one line; ok is false when it allows nothing that can be told.
func (w *writer) grant(b *body, e *entry, ids []string) (GuardGrant, bool) {
	g := GuardGrant{Line: e.id, Protocol: e.Protocol, Asks: "client", Hours: e.Hours, PerHour: e.Limits.PerHour, BytesOut: e.Limits.BytesOut, BytesIn: e.Limits.BytesIn}
	if e.Direction == policy.In {
		g.Asks = "server"
	}
	if e.Peer.Kind == policy.PeerName {
		for _, n := range e.Peer.Names {
			if hostname(strings.NewReplacer("*.", "", "#", "0").Replace(n)) {
				g.Names = append(g.Names, n)
			} else {
				w.limit(b, e, "names", "%s is no name of a host: it is left out", shown(n))
			}
		}
		if slices.Sort(g.Names); len(g.Names) == 0 {
			return g, false
		}
	} else {
		list, any := w.networks(b, e)
		if !any && len(list) == 0 {
			return g, false
		}
		for _, n := range list {
			g.Peers = append(g.Peers, network(n))
		}
	}
	if l := e.Limits; l.PerMessage != 0 || l.PerSecond != 0 {
		w.limit(b, e, "rate", "the guard's policy has no ceiling for one exchange, for new peers or for a second")
	}
	if len(e.Ports)+len(e.From) > 0 {
		w.limit(b, e, "ports", "the guard listens where it is told to: ports are not part of its policy")
	}
	for i := range e.Verbs {
		if r, ok := w.guardRight(b, e, &e.Verbs[i], ids); ok {
			g.Rights = append(g.Rights, r)
		}
	}
	return g, len(g.Rights) > 0 || len(e.Verbs) == 0
}

// guardVerbs are the words of the document, by protocol.
var guardVerbs = map[string][]string{
	"mqtt": {"connect", "publish", "subscribe", "will"},
	"coap": {"get", "post", "put", "delete", "fetch", "patch", "ipatch"},
}

func (w *writer) guardRight(b *body, e *entry, v *policy.Verb, ids []string) (GuardRight, bool) {
	words := strings.Fields(v.Op)
	if len(words) == 0 || !slices.Contains(guardVerbs[e.Protocol], words[0]) {
		w.limit(b, e, "verbs", "%s is no verb of the guard's policy: it is left out", shown(v.Op))
		return GuardRight{}, false
	}
	r := GuardRight{Do: words[0], Observe: slices.Contains(words[1:], "observe"), Proxy: slices.Contains(words[1:], "proxy"), MaxQoS: v.MaxQoS, Retain: v.Retain, MaxBytes: v.MaxSize}
	for _, t := range v.Targets {
		if !guardText(t) {
			w.limit(b, e, "targets", "%s has braces, or is too long to be sure of: it is left out", shown(t))
		} else {
			r.On = append(r.On, withClient(t, ids))
		}
	}
	for _, id := range v.As {
		if !guardText(id) {
			w.limit(b, e, "identity", "client id %s has braces, or is too long to be sure of: it is left out", shown(id))
		} else {
			r.ClientIDs = append(r.ClientIDs, id)
		}
	}
	// A list of which nothing is left must not stand for anything.
	return r, (len(r.On) > 0 || len(v.Targets) == 0) && (len(r.ClientIDs) > 0 || len(v.As) == 0)
}

// guardText reports whether a text means itself in the document.
func guardText(s string) bool { return len(s) <= 1024 && !strings.ContainsAny(s, "{}") }

// withClient writes {client} for the segment that is the client id, when the
// profile has one only.
func withClient(target string, ids []string) string {
	if len(ids) != 1 || isPattern(ids[0]) {
		return target
	}
	segments := strings.Split(target, "/")
	for i, s := range segments {
		if s == ids[0] {
			segments[i] = "{client}"
		}
	}
	return strings.Join(segments, "/")
}
