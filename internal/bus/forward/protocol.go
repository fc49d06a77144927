package forward

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"edgeward/internal/account"
	"edgeward/internal/ident"
)

// The paths of the hub's service for sensors. All but the first want a
// sensor's certificate.
const (
	PathEnrol     = "/ingest/v1/enrol"
	PathRenew     = "/ingest/v1/renew"
	PathBatches   = "/ingest/v1/batches"
	PathHeartbeat = "/ingest/v1/heartbeat"
	PathConfig    = "/ingest/v1/config"
	PathArtefacts = "/ingest/v1/artefacts/" // kind and name follow: program/1.2.3-linux-amd64, content/2026.11.1
)

// The bounds of requests and answers.
const (
	MaxRequest = 8 << 20
	maxAnswer  = 1 << 20
	// MaxArtefact bounds a program or a bundle.
	MaxArtefact = 256 << 20

	typeJSON    = "application/json"
	typeBatches = "application/vnd.edgeward.batches" // frames of package bus
)

// Enrolment asks for a certificate.
type Enrolment struct {
	Token   string `json:"token,omitempty"` // not when renewing
	CSR     []byte `json:"csr"`             // PKCS #10, DER
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// Enrolled is the answer to it.
type Enrolled struct {
	Sensor      string `json:"sensor"` // id
	Tenant      uint16 `json:"tenant"`
	Name        string `json:"name"`
	Certificate []byte `json:"certificate"` // PEM: the sensor's, then the hub's authority
}

// Accepted is the answer to a request with batches.
type Accepted struct {
	Accepted int    `json:"accepted"`           // so many of them, from the first, are stored
	Rejected string `json:"rejected,omitempty"` // why the next one will never be
	Problem  string `json:"problem,omitempty"`  // why the next one is not now
}

// Heartbeat is what a sensor tells of itself.
type Heartbeat struct {
	Time         int64             `json:"time"` // its wall clock
	Version      string            `json:"version"`
	System       string            `json:"system,omitempty"` // GOOS-GOARCH of its program, which an upgrade must match
	Interfaces   []string          `json:"interfaces,omitempty"`
	Boot         uint64            `json:"boot,omitempty"`
	Restarts     uint64            `json:"restarts,omitempty"`
	Backlog      int64             `json:"backlog"`
	BacklogBytes int64             `json:"backlog_bytes"`
	SpoolLost    int64             `json:"spool_lost,omitempty"`
	Rejected     uint64            `json:"rejected,omitempty"`
	Loss         map[string]uint64 `json:"loss,omitempty"`
	Applied      account.Wanted    `json:"applied"`
	Problem      string            `json:"problem,omitempty"`
}

// Answer is what the hub answers to a heartbeat.
type Answer struct {
	Time   int64          `json:"time"` // the hub's wall clock
	Wanted account.Wanted `json:"wanted"`
}

// problem is an error as the hub tells it (RFC 9457).
type problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

const (
	tokenPrefix = "ew1_"
	secretSize  = 20
)

// NewToken makes a one-time token: a secret, and the fingerprint of the hub's
// authority, so that the sensor knows its hub at the first contact.
func NewToken(pin [sha256.Size]byte) string {
	b := make([]byte, secretSize, secretSize+len(pin))
	rand.Read(b)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(append(b, pin[:]...))
}

// TokenPin gives the fingerprint in a token.
func TokenPin(token string) (pin [sha256.Size]byte, err error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(token), tokenPrefix)
	b, decodeErr := base64.RawURLEncoding.DecodeString(text)
	if !ok || decodeErr != nil || len(b) != secretSize+len(pin) {
		return pin, ident.Errorf(ident.Usage, "make one on the hub with edgeward sensors enrol", "this is no enrolment token, or only a part of one")
	}
	copy(pin[:], b[secretSize:])
	return pin, nil
}

// TokenHash gives the hash under which the hub keeps a token.
func TokenHash(token string) string {
	h := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return hex.EncodeToString(h[:])
}
