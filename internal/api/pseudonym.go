//go:build !sensor

package api

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"regexp"
	"strings"
)

// subscriberFields are the names of fields that hold the id of a subscriber
// of a telephone network.
var subscriberFields = []string{"imsi", "msisdn", "imei", "iccid", "supi", "suci", "subscriber"}

// subscriber finds ids of subscribers within text: 14 to 16 digits that begin
// with a mobile country code (ITU-T E.212), IMEIs, and numbers in the form of
// E.164 with a plus or in a tel or sip address.
var subscriber = regexp.MustCompile(`\b(?:imsi-?)?[2-7][0-9]{13,15}\b|\+[1-9][0-9]{7,14}\b|\b(?:tel|sips?):\+?[0-9][0-9.-]{5,20}`)

// pseudonym gives the same word for the same subscriber as long as the hub
// keeps its key, and nothing to go back by.
func (s *Server) pseudonym(id string) string {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte("subscriber " + id))
	return "sub-" + strings.ToLower(base32.StdEncoding.EncodeToString(m.Sum(nil)[:10]))
}

// pseudonymise replaces the ids of subscribers in a text.
func (s *Server) pseudonymise(text string) string {
	if len(text) < 7 {
		return text
	}
	return subscriber.ReplaceAllStringFunc(text, func(id string) string {
		scheme, rest, found := strings.Cut(id, ":")
		if !found {
			return s.pseudonym(id)
		}
		return scheme + ":" + s.pseudonym(rest)
	})
}

// pseudonymiseField replaces the value of a field that holds such an id.
func (s *Server) pseudonymiseField(field, value string) string {
	last := field[strings.LastIndexByte(field, '.')+1:]
	for _, name := range subscriberFields {
		if value != "" && strings.EqualFold(last, name) {
			return s.pseudonym(value)
		}
	}
	return s.pseudonymise(value)
}

// pseudonymiseFact replaces the ids of subscribers in a fact as EVE.
func (s *Server) pseudonymiseFact(fact []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(fact))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return []byte("null")
	}
	b, err := json.Marshal(s.replaced("", v))
	if err != nil {
		return []byte("null")
	}
	return b
}

func (s *Server) replaced(field string, v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k, y := range x {
			x[k] = s.replaced(k, y)
		}
	case []any:
		for i, y := range x {
			x[i] = s.replaced(field, y)
		}
	case string:
		if field == "timestamp" || field == "community_id" {
			return x
		}
		return s.pseudonymiseField(field, x)
	}
	return v
}
