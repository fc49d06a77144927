package mud

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"edgeward/internal/ident"
)

// Read reads a file in the form of the RFC or of one of its drafts. name is
// that of the file, for errors, which say the line. What is old or odd comes
// as warnings; what cannot be meant is an error.
func Read(name string, data []byte) (*File, []Warning, error) {
	s := newSource(name, data)
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		s.warn(0, "/", "begins with a byte order mark")
		data = append([]byte("   "), data[3:]...)
	}
	root, err := s.parse(data)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{source: s, file: &File{}}
	r.read(&root)
	if r.err != nil {
		return nil, nil, r.err
	}
	return r.file, s.warnings, nil
}

// ReadStrict reads a file in the form of the RFC only: whatever [Read] warns
// of is an error.
func ReadStrict(name string, data []byte) (*File, error) {
	f, warnings, err := Read(name, data)
	if err == nil && len(warnings) > 0 {
		w := warnings[0]
		err = ident.Errorf(ident.Invalid, "", "%s:%d: %s: %s", name, w.Line, w.Path, w.Text)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// reader makes a file out of a tree.
type reader struct {
	*source
	file    *File
	entries int
	unknown int  // members that were not understood
	v6      bool // the list at hand is for IPv6
	err     error
}

// fail keeps the first hard error.
func (r *reader) fail(at int, path, format string, args ...any) {
	if r.err == nil {
		r.err = r.errorf(at, path, format, args...)
	}
}

func (r *reader) read(root *node) {
	top := r.child(root, "")
	meta, ok := top.object("ietf-mud:mud", "meta-info", "support-information")
	if !ok {
		r.fail(root.at, "/", "there is no ietf-mud:mud: this is not a usage description")
		return
	}
	lists, ok := top.object("ietf-access-control-list:acls", "access-lists")
	if !ok {
		if lists, ok = meta.object("ietf-access-control-list:acls", "access-lists"); ok {
			r.warn(lists.node.at, lists.path, "the lists belong beside ietf-mud:mud, not into it")
		}
	}
	r.meta(&meta)
	if ok {
		for i, n := range lists.list("acl", "access-list") {
			l := r.child(&n, fmt.Sprintf("%s/acl[%d]", lists.path, i+1))
			r.list(&l)
		}
		lists.rest()
	}
	top.rest()
	r.references(root.at)
}

// meta reads the container mud (RFC 8520, section 7).
func (r *reader) meta(o *object) {
	f := r.file
	if n := o.find("mud-version", "mudVersion"); n == nil {
		r.warn(o.node.at, o.path, "mud-version is missing; taken as 1")
	} else if v, ok := o.number(n, "mud-version"); ok && v != 1 {
		r.fail(n.at, o.path+"/mud-version", "%d is not a version that is known", v)
	}
	f.URL = r.uri(o, "mud-url", true, "mudUrl")
	r.lastUpdate(o)
	f.Signature = r.uri(o, "mud-signature", false)
	r.cacheValidity(o)
	if v := o.bool("is-supported", "isSupported"); v != nil {
		f.Supported = *v
	} else {
		r.warn(o.node.at, o.path, "is-supported is missing; taken as false")
	}
	f.SystemInfo, _ = o.string("systeminfo", "systemInfo")
	f.Manufacturer, _ = o.string("mfg-name", "mfgName")
	f.Model, _ = o.string("model-name", "modelName")
	f.Firmware, _ = o.string("firmware-rev")
	f.Software, _ = o.string("software-rev")
	f.Documentation = r.uri(o, "documentation", false)
	for _, n := range o.list("extensions") {
		if n.kind != '"' || n.text == "" || len(n.text) > 40 {
			r.fail(n.at, o.path+"/extensions", "not a name of 1 to 40 characters")
		}
		f.Extensions = append(f.Extensions, n.text)
	}
	f.FromDevice = r.policy(o, "from-device-policy")
	f.ToDevice = r.policy(o, "to-device-policy")
	if q, ok := o.object("nist-mud:quarantined-device-policy"); ok {
		for i, n := range q.list("enabled-ace-names") {
			e := r.child(&n, fmt.Sprintf("%s/enabled-ace-names[%d]", q.path, i+1))
			name, _ := e.string("ace-name")
			f.Quarantine = append(f.Quarantine, name)
			e.rest()
		}
		q.rest()
	}
	o.rest()
}

// uriForm is the uri of RFC 6991, section 4: in US-ASCII, the scheme in lower
// case.
var uriForm = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:[!-~]+$`)

// uri reads a URI. The file's own must be https (RFC 8520, section 3.2).
func (r *reader) uri(o *object, name string, own bool, former ...string) string {
	text, at := o.string(name, former...)
	if text == "" {
		if own {
			r.warn(at, o.path, "%s is missing", name)
		}
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || !uriForm.MatchString(text):
		r.warn(at, o.path+"/"+name, "%q is not a URI", text)
	case own && (u.Scheme != "https" || u.Host == ""):
		r.warn(at, o.path+"/"+name, "the scheme of %q is not https", text)
	}
	return text
}

// dateAndTime is the pattern of RFC 6991, section 3.
var dateAndTime = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$`)

func (r *reader) lastUpdate(o *object) {
	text, at := o.string("last-update", "lastUpdate")
	if text == "" {
		r.warn(at, o.path, "last-update is missing")
		return
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil || !dateAndTime.MatchString(text) {
		r.warn(at, o.path+"/last-update", "%q is not a date and time of RFC 3339; left out", text)
		return
	}
	r.file.LastUpdate = text
}

// The hours for which a file may be kept (RFC 8520, section 3.5).
const (
	defaultValidity = 48
	maxValidity     = 168
)

func (r *reader) cacheValidity(o *object) {
	r.file.CacheValidity = defaultValidity
	n := o.find("cache-validity", "cacheValidity")
	if n == nil {
		return
	}
	v, ok := o.number(n, "cache-validity")
	if !ok {
		return
	}
	if v > maxValidity && v%60 == 0 { // which the early drafts counted
		r.warn(n.at, o.path+"/cache-validity", "%d is more than the %d hours of a week; taken as minutes", v, maxValidity)
		v /= 60
	}
	if v < 1 || v > maxValidity {
		r.warn(n.at, o.path+"/cache-validity", "%d hours are not from 1 to %d; taken as the nearest", v, maxValidity)
		v = min(max(v, 1), maxValidity)
	}
	r.file.CacheValidity = int(v)
}

// policy reads which lists are for one direction.
func (r *reader) policy(o *object, name string) (lists []string) {
	p, ok := o.object(name)
	if !ok {
		return nil
	}
	defer p.rest()
	al, ok := p.object("access-lists")
	if !ok {
		return nil
	}
	for i, n := range al.list("access-list", "access_list") {
		e := r.child(&n, fmt.Sprintf("%s/access-list[%d]", al.path, i+1))
		list, at := e.string("name", "acl-name")
		if slices.Contains(lists, list) || len(lists) == MaxLists {
			r.fail(at, e.path, "the list %q is named twice, or there are more than %d", list, MaxLists)
			return nil
		}
		lists = append(lists, list)
		e.rest()
	}
	al.rest()
	return lists
}

// references checks that names lead somewhere.
func (r *reader) references(at int) {
	f := r.file
	for _, direction := range []*[]string{&f.FromDevice, &f.ToDevice} {
		*direction = slices.DeleteFunc(*direction, func(name string) bool {
			missing := !slices.ContainsFunc(f.Lists, func(l List) bool { return l.Name == name })
			if missing {
				r.warn(at, "/ietf-mud:mud", "a policy names the list %q, which is not there; left out", name)
			}
			return missing
		})
		if len(*direction) == 0 {
			*direction = nil // as a file without it
		}
	}
	there := map[string]bool{}
	for _, l := range f.Lists {
		for _, e := range l.Entries {
			there[e.Name] = true
		}
	}
	f.Quarantine = slices.DeleteFunc(f.Quarantine, func(name string) bool {
		if !there[name] {
			r.warn(at, "/ietf-mud:mud/nist-mud:quarantined-device-policy", "the entry %q is not there; left out", name)
		}
		return !there[name]
	})
	if len(f.Quarantine) == 0 {
		f.Quarantine = nil
	}
}

// word turns an identity into its name alone (RFC 7951, section 6.8).
func word(s string) string { return strings.TrimPrefix(s, "ietf-access-control-list:") }
