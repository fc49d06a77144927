//go:build !sensor

package api

import (
	"encoding/json"

	"edgeward/internal/hub"
)

// Event is a fact as a table shows it.
type Event struct {
	ID        string `json:"id"`
	Time      Time   `json:"time"`
	Ingest    Time   `json:"ingest"`
	Sensor    string `json:"sensor"`
	Kind      string `json:"kind"`
	Protocol  string `json:"protocol"`
	Transport string `json:"transport"`
	SrcIP     string `json:"src_ip"`
	SrcPort   uint16 `json:"src_port"`
	SrcMAC    string `json:"src_mac"`
	SrcHost   string `json:"src_host" doc:"host key, hexadecimal"`
	DstIP     string `json:"dest_ip"`
	DstPort   uint16 `json:"dest_port"`
	DstMAC    string `json:"dest_mac"`
	DstHost   string `json:"dest_host"`
	VLAN      uint16 `json:"vlan"`
	Scope     uint16 `json:"scope"`
	Name      string `json:"name" doc:"who was asked for: DNS name, SNI, HTTP host"`
	Verb      string `json:"verb" doc:"what was asked: method, packet type, function"`
	Path      string `json:"path" doc:"of what: URL, topic, resource, register range, file"`
	User      string `json:"user" doc:"as whom: user, client id, AE title"`
	Status    string `json:"status" doc:"with which outcome"`
	BytesOut  uint64 `json:"bytes_out"`
	BytesIn   uint64 `json:"bytes_in"`
	Packets   uint64 `json:"packets"`
	Flow      string `json:"flow" doc:"flow id; text, since it is larger than what JavaScript counts"`
	Community string `json:"community_id"`
	Capture   string `json:"capture,omitempty"`
	Packet    uint64 `json:"packet,omitempty"`
}

// EventDetail is a fact with its body.
type EventDetail struct {
	Event
	SrcDevice *string         `json:"src_device" doc:"id of the device that the source was then"`
	DstDevice *string         `json:"dest_device"`
	Fact      json.RawMessage `json:"fact" doc:"the whole fact as in EVE"`
}

// EventPage is a page of facts.
type EventPage struct {
	Items   []Event `json:"items"`
	Next    string  `json:"next" doc:"cursor for more; empty when the answer is complete"`
	Scanned uint64  `json:"scanned" doc:"rows looked at"`
	Partial string  `json:"partial" doc:"why something could not be read, when it could not"`
	Took    int     `json:"took" doc:"milliseconds"`
}

// EventFilter selects facts.
type EventFilter struct {
	Text    string   `query:"q" maxLength:"4000" doc:"the query; empty for everything"`
	From    When     `query:"from" doc:"inclusive"`
	To      When     `query:"to" doc:"exclusive"`
	Sensors []string `query:"sensor,explode" maxItems:"100"`
	Device  string   `query:"device" maxLength:"128" doc:"either side is this device"`
}

type eventQuery struct {
	EventFilter
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `query:"cursor" maxLength:"1024"`
	Oldest bool   `query:"oldest" doc:"oldest first"`
}

type eventExport struct {
	EventFilter
	Format string `query:"format" enum:"csv,json,jsonl" default:"csv"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100000" default:"10000"`
	Oldest bool   `query:"oldest"`
}

type histogramQuery struct {
	EventFilter
	Buckets int `query:"buckets" minimum:"1" maximum:"500" default:"60"`
}

// Histogram counts facts over time: that of the question, or from the first
// fact to the last.
type Histogram struct {
	From    Time     `json:"from"`
	To      Time     `json:"to"`
	Width   float64  `json:"width" doc:"of a bucket, seconds"`
	Total   uint64   `json:"total"`
	Buckets []Bucket `json:"buckets"`
	Partial string   `json:"partial" doc:"why something could not be read, when it could not"`
	Took    int      `json:"took" doc:"milliseconds"`
}

// Bucket counts the facts from its start on.
type Bucket struct {
	Start Time   `json:"start"`
	Count uint64 `json:"count"`
	Bytes uint64 `json:"bytes"`
}

type topQuery struct {
	EventFilter
	Field string `query:"field" required:"true" maxLength:"100" doc:"a column or a field as in /events/fields"`
	N     int    `query:"n" minimum:"1" maximum:"100" default:"10"`
}

// Top lists the most frequent values of a field.
type Top struct {
	Field   string  `json:"field"`
	Items   []Count `json:"items" doc:"a fact counts for each value that it has: for host both sides"`
	Partial string  `json:"partial" doc:"why something could not be read, when it could not"`
	Took    int     `json:"took" doc:"milliseconds"`
}

// Count is one value with how often it is.
type Count struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
	Bytes uint64 `json:"bytes"`
}

type completeQuery struct {
	Text string `query:"q" maxLength:"4000"`
	At   int    `query:"at" minimum:"0" maximum:"4000" default:"4000" doc:"byte offset of the cursor"`
}

// Completion is what can stand at the cursor of a query.
type Completion struct {
	Items []CompletionItem `json:"items"`
	Error string           `json:"error" doc:"why the query is not valid, when it is not"`
	At    int              `json:"at" doc:"byte offset of the error"`
}

// CompletionItem is one possibility.
type CompletionItem struct {
	Insert string `json:"insert" doc:"what replaces the text from from to to"`
	From   int    `json:"from"`
	To     int    `json:"to"`
	Kind   string `json:"kind" enum:"field,kind,operator,value,keyword"`
	Doc    string `json:"doc"`
}

// FieldDoc describes a field that queries may use.
type FieldDoc struct {
	Name string `json:"name"`
	Type string `json:"type" enum:"string,int,bool,time,ip,secret,float,mac"`
	List bool   `json:"list"`
	Kind string `json:"kind" doc:"of facts that have it; empty for columns, which all have"`
	Doc  string `json:"doc"`
}

// SavedQuery is a query with a name.
type SavedQuery struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Text    string   `json:"text"`
	Span    string   `json:"span" doc:"such as 24h or 7d; empty for all"`
	Columns []string `json:"columns"`
	Shared  bool     `json:"shared" doc:"others see it too"`
	Author  string   `json:"author"`
	Updated Time     `json:"updated"`
}

// SavedQueryInput makes or changes one.
type SavedQueryInput struct {
	Name    string   `json:"name" minLength:"1" maxLength:"100"`
	Text    string   `json:"text" maxLength:"4000"`
	Span    string   `json:"span,omitempty" maxLength:"20"`
	Columns []string `json:"columns,omitempty" maxItems:"40"`
	Shared  bool     `json:"shared,omitempty"`
}

type savedQueryInput struct{ Body SavedQueryInput }

type savedQueryChange struct {
	ByID
	Body SavedQueryInput
}

// M2MServer is a broker or a CoAP server.
type M2MServer struct {
	ID            string `json:"id" doc:"device id or address"`
	Label         string `json:"label"`
	Device        bool   `json:"device"`
	Protocol      string `json:"protocol" enum:"mqtt,mqttsn,coap,amqp"`
	Clients       int    `json:"clients"`
	Topics        int    `json:"topics"`
	Subscriptions int    `json:"subscriptions"`
	Wildcards     int    `json:"wildcards" doc:"subscriptions with wildcards, counted over at most 10000"`
	Resources     int    `json:"resources"`
	Observers     int    `json:"observers"`
	Messages      uint64 `json:"messages"`
	Bytes         uint64 `json:"bytes"`
	FirstSeen     Time   `json:"first_seen"`
	LastSeen      Time   `json:"last_seen"`
}

// M2MNode is a client, topic, subscription, resource or observer.
type M2MNode struct {
	Server    string  `json:"server"`
	Protocol  string  `json:"protocol"`
	Kind      string  `json:"kind" enum:"client,topic,subscription,resource,observer"`
	Name      string  `json:"name"`
	Client    string  `json:"client" doc:"who, for subscriptions and observers"`
	Messages  uint64  `json:"messages"`
	Bytes     uint64  `json:"bytes"`
	Rate      float64 `json:"rate" doc:"messages a minute while it was seen"`
	Retained  bool    `json:"retained"`
	Wildcard  bool    `json:"wildcard"`
	FirstSeen Time    `json:"first_seen"`
	LastSeen  Time    `json:"last_seen"`
}

type nodeQuery struct {
	Paging
	Server   string `query:"server" maxLength:"255"`
	Protocol string `query:"protocol" enum:"mqtt,mqttsn,coap,amqp"`
	Kind     string `query:"kind" enum:"client,topic,subscription,resource,observer"`
	Prefix   string `query:"prefix" maxLength:"1024" doc:"of the name: one branch of the tree"`
	Text     string `query:"q" maxLength:"200"`
}

// TopicBranch is one level of the tree of topics or resources.
type TopicBranch struct {
	Name     string `json:"name" doc:"the level's own name"`
	Path     string `json:"path" doc:"from the root, to ask on with"`
	Leaves   int    `json:"leaves" doc:"topics below and at it"`
	Topic    bool   `json:"topic" doc:"messages were seen at it"`
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
	Retained bool   `json:"retained" doc:"at it or below"`
	LastSeen Time   `json:"last_seen"`
}

type treeQuery struct {
	Server   string `query:"server" required:"true" maxLength:"255"`
	Protocol string `query:"protocol" enum:"mqtt,mqttsn,coap,amqp" required:"true"`
	Path     string `query:"path" maxLength:"1024" doc:"the branch whose children are wanted; empty for the root"`
}

type zonesInput struct {
	Body struct {
		Zones []hub.Zone `json:"zones" maxItems:"500"`
	}
}

// Zones are the definitions, with how many devices are in each.
type Zones struct {
	Zones   []hub.Zone     `json:"zones"`
	Devices map[string]int `json:"devices"`
}

// Matrix is who talks to whom across zones.
type Matrix struct {
	From  Time         `json:"from"`
	To    Time         `json:"to"`
	Zones []string     `json:"zones" doc:"rows and columns, in order; \"outside\" and \"unassigned\" are among them"`
	Cells []MatrixCell `json:"cells" doc:"those with traffic"`
}

// MatrixCell is the traffic from one zone to another.
type MatrixCell struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Pairs     int      `json:"pairs"`
	Flows     uint64   `json:"flows"`
	BytesOut  uint64   `json:"bytes_out"`
	BytesIn   uint64   `json:"bytes_in"`
	Protocols []string `json:"protocols"`

	Policy     string `json:"policy" enum:"unsaid,allowed,blocked,mixed" doc:"what the profiles in force say of the flows; unsaid where neither side has one"`
	WouldBlock uint64 `json:"would_block" doc:"flows of the busiest 20000 pairs that no line allows, verbs, ceilings and hours apart"`
	Open       uint64 `json:"open" doc:"flows that a line for a name may allow: the name is not known here"`
	Unsaid     uint64 `json:"unsaid" doc:"flows of which neither side has a profile"`
}

// Pair is what two exchange over a protocol.
type Pair struct {
	From      string `json:"from" doc:"device id or address"`
	FromLabel string `json:"from_label"`
	FromZone  string `json:"from_zone"`
	To        string `json:"to"`
	ToLabel   string `json:"to_label"`
	ToZone    string `json:"to_zone"`
	Protocol  string `json:"protocol"`
	Port      string `json:"port"`
	Flows     uint64 `json:"flows"`
	BytesOut  uint64 `json:"bytes_out"`
	BytesIn   uint64 `json:"bytes_in"`
}

type matrixQuery struct {
	Span
	Sites []string `query:"site,explode" maxItems:"50"`
}

type pairQuery struct {
	Paging
	Span
	FromZone string   `query:"from_zone" maxLength:"100"`
	ToZone   string   `query:"to_zone" maxLength:"100"`
	Protocol string   `query:"protocol" maxLength:"40"`
	Sites    []string `query:"site,explode" maxItems:"50"`
}
