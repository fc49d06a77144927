//go:build !sensor

package state

import (
	"database/sql"
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"edgeward/internal/finding"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// parts is what a finding is summed from, as it is stored.
type parts struct {
	Parts []hub.Part
	Other []string
}

const judgedSelect = "SELECT f.record, f.parts, f.device, f.site, f.mute, f.expected, f.incident, f.status FROM findings f "

func (t *tx) Judged(tenant uint16, ids []string) ([]*hub.Judged, error) {
	var out []*hub.Judged
	for piece := range slices.Chunk(ids, inPiece) {
		args := []any{tenant}
		if err := t.judged(tenant, judgedSelect+"WHERE f.tenant = ? AND "+in("f.id", piece, &args), args, &out); err != nil {
			return nil, err
		}
		args = []any{tenant}
		if err := t.judged(tenant, judgedSelect+"JOIN finding_ids o ON o.tenant = f.tenant AND o.finding = f.id WHERE o.tenant = ? AND "+in("o.id", piece, &args), args, &out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *tx) Claimed(tenant uint16, claims []uint64) ([]*hub.Judged, error) {
	var out []*hub.Judged
	for piece := range slices.Chunk(claims, inPiece) {
		args := []any{tenant}
		// Oldest first, so that the latest is the last that is kept.
		if err := t.judged(tenant, judgedSelect+"WHERE f.tenant = ? AND "+in("f.claim", piece, &args)+" ORDER BY f.last_seen, f.id", args, &out); err != nil {
			return nil, err
		}
	}
	latest := map[uint64]*hub.Judged{}
	for _, j := range out {
		latest[j.Claim] = j
	}
	return slices.DeleteFunc(out, func(j *hub.Judged) bool { return latest[j.Claim] != j }), nil
}

func (t *tx) judged(tenant uint16, query string, args []any, out *[]*hub.Judged) error {
	return t.query(query, args, func(rows *sql.Rows) error {
		j := &hub.Judged{}
		var b, p []byte
		var device, site, mute, expected, incident, status string
		if err := rows.Scan(&b, &p, &device, &site, &mute, &expected, &incident, &status); err != nil {
			return err
		}
		var sum parts
		if err := decode(b, &j.Record); err != nil {
			return err
		}
		if err := decode(p, &sum); err != nil {
			return err
		}
		j.Parts, j.Other = sum.Parts, sum.Other
		j.Device, j.Site, j.Mute, j.Expected, j.Incident, j.Place.Tenant, j.Status = device, site, mute, expected, incident, tenant, finding.Status(status)
		*out = append(*out, j)
		return nil
	})
}

var findingColumns = []string{
	"tenant", "id", "check_id", "kind", "severity", "status", "title", "device", "host", "site", "sensors", "peers", "incident", "grp", "mute", "expected", "hidden", "claim",
	"count", "first_seen", "last_seen", "created", "updated", "words_sum", "has_bytes", "record", "parts",
}

func (t *tx) SaveJudged(judged []*hub.Judged) error {
	if len(judged) == 0 {
		return nil
	}
	sums, err := t.wordSums(judged)
	if err != nil {
		return err
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(findingColumns)), ", ")
	st, err := t.prepare("INSERT INTO findings (" + strings.Join(findingColumns, ", ") + ") VALUES (" + marks + ") " + upsert("tenant, id", findingColumns) + " RETURNING n")
	if err != nil {
		return err
	}
	var ids [][]any
	for _, j := range judged {
		words := findingWords(&j.Record)
		sum := wordSum(words)
		row, err := findingRow(j, sum)
		if err != nil {
			return err
		}
		var n int64
		if err := st.QueryRowContext(t.ctx, bind(row)...).Scan(&n); err != nil {
			return err
		}
		if sums[findingKey{j.Place.Tenant, j.ID}] != sum {
			if err := t.index(n, words); err != nil {
				return err
			}
		}
		for _, id := range j.Other {
			ids = append(ids, []any{j.Place.Tenant, id, j.ID})
			if _, err := t.exec("UPDATE findings SET incident = ? WHERE tenant = ? AND incident = ?", j.ID, j.Place.Tenant, id); err != nil {
				return err
			}
		}
	}
	return t.bulk("finding_ids", []string{"tenant", "id", "finding"}, "ON CONFLICT (tenant, id) DO NOTHING", ids)
}

func findingRow(j *hub.Judged, sum int64) ([]any, error) {
	// What has a column that changes by itself is not in the record too.
	bare := j.Record
	bare.Device, bare.Site, bare.Mute, bare.Expected, bare.Incident, bare.Status, bare.Label, bare.Type = "", "", "", "", "", "", "", ""
	b, err := encode(&bare)
	if err != nil {
		return nil, err
	}
	p, err := encode(parts{j.Parts, j.Other})
	if err != nil {
		return nil, err
	}
	hasBytes := slices.ContainsFunc(j.Evidence, func(e finding.Evidence) bool { return len(e.Bytes) > 0 })
	return []any{
		j.Place.Tenant, j.ID, j.Check, string(j.Kind), int(j.Severity), string(j.Status), j.Title, j.Device, j.Host, j.Site, list(j.Sensors), list(j.Peers),
		j.Incident, groupOf(&j.Record), j.Mute, j.Expected, j.Mute != "" || j.Expected != "", j.Claim,
		j.Count, j.FirstSeen, j.LastSeen, j.Created, j.Updated, sum, hasBytes, b, p,
	}, nil
}

// groupOf gives the row of the list of groups that a finding belongs to: an
// incident is one of its own.
func groupOf(r *finding.Record) string {
	if len(r.Members) > 0 {
		return r.ID
	}
	return r.Check + "@" + r.Site
}

type findingKey struct {
	tenant uint16
	id     string
}

// wordSums gives what the words of stored findings hash to, so that only
// words that changed are indexed again.
func (t *tx) wordSums(judged []*hub.Judged) (map[findingKey]int64, error) {
	ids := map[uint16][]string{}
	for _, j := range judged {
		ids[j.Place.Tenant] = append(ids[j.Place.Tenant], j.ID)
	}
	out := map[findingKey]int64{}
	for tenant, list := range ids {
		for piece := range slices.Chunk(list, inPiece) {
			args := []any{tenant}
			err := t.query("SELECT id, words_sum FROM findings WHERE tenant = ? AND "+in("id", piece, &args), args, func(rows *sql.Rows) error {
				k := findingKey{tenant: tenant}
				var sum int64
				err := rows.Scan(&k.id, &sum)
				out[k] = sum
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func wordSum(words string) int64 {
	h := fnv.New64a()
	h.Write([]byte(words))
	return int64(h.Sum64() | 1)
}

// index writes the words of a finding for full-text search.
func (t *tx) index(n int64, words string) error {
	if t.s.d.postgres() {
		_, err := t.exec("INSERT INTO findings_words (n, words) VALUES (?, to_tsvector('simple', ?)) ON CONFLICT (n) DO UPDATE SET words = excluded.words", n, words)
		return err
	}
	_, err := t.exec("INSERT OR REPLACE INTO findings_words (rowid, words) VALUES (?, ?)", n, words)
	return err
}

// The bounds of the words of a finding.
const (
	maxWords    = 4096 // bytes
	maxWordSize = 64
)

// findingWords gives the text of a finding that can be searched, parted into
// words in lower case by this function alone, so that all engines agree.
func findingWords(r *finding.Record) string {
	var b strings.Builder
	put := func(s string) {
		for _, w := range words(s) {
			if b.Len() > maxWords {
				return
			}
			b.WriteString(w)
			b.WriteByte(' ')
		}
	}
	put(r.Title)
	put(r.Check)
	put(r.Address)
	put(strings.Join(r.Peers, " "))
	put(strings.Join(r.Attack, " "))
	put(r.Explanation)
	for _, e := range r.Evidence {
		put(e.Summary)
	}
	return b.String()
}

func words(s string) []string {
	list := strings.FieldsFunc(strings.ToLower(clean(s)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range list {
		if len(w) > maxWordSize {
			list[i] = strings.ToValidUTF8(w[:maxWordSize], "")
		}
	}
	return list
}

// matchWords writes a search: each word of the text is a phrase of its parts,
// whose last one may be cut, and all must match. It is empty when the text
// has no letters and digits.
func (d *dialect) matchWords(text string) string {
	var terms []string
	for _, field := range strings.Fields(text) {
		w := words(field)
		if len(w) == 0 {
			continue
		}
		if d.postgres() {
			terms = append(terms, "("+strings.Join(w, " <-> ")+":*)")
		} else {
			terms = append(terms, `"`+strings.Join(w, " ")+`" *`)
		}
		if len(terms) == 16 {
			break
		}
	}
	if d.postgres() {
		return strings.Join(terms, " & ")
	}
	return strings.Join(terms, " AND ")
}

func (t *tx) OpenFindings(tenant uint16, devices []string) (map[string][5]int, error) {
	out := map[string][5]int{}
	for piece := range slices.Chunk(devices, inPiece) {
		args := []any{tenant}
		err := t.query("SELECT device, severity, COUNT(*) FROM findings WHERE tenant = ? AND "+in("device", piece, &args)+" AND status = 'open' AND hidden = 0 GROUP BY device, severity", args, func(rows *sql.Rows) error {
			var id string
			var s, n int
			if err := rows.Scan(&id, &s, &n); err != nil {
				return err
			}
			if s >= int(ident.Info) && s <= int(ident.Critical) {
				c := out[id]
				c[s] = n
				out[id] = c
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
