package hub

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"net/http"
	"strings"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/bus/forward"
	"edgeward/internal/hub/ca"
	"edgeward/internal/ident"
)

// NewEnrolment makes a one-time token, which is shown once, and what the store
// keeps of it. The token holds the fingerprint of the hub's authority.
func NewEnrolment(a *ca.Authority, e account.Enrolment, now time.Time, life time.Duration) (token string, kept *account.Enrolment) {
	token = forward.NewToken(a.Pin())
	e.Hash, e.Created, e.Expires = forward.TokenHash(token), now.UnixNano(), now.Add(life).UnixNano()
	if e.ID == "" {
		e.ID = "e-" + randomID()
	}
	return token, &e
}

// randomID gives ten letters and digits that are not mistaken for each other.
func randomID() string {
	b := make([]byte, 7)
	rand.Read(b)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))[:10]
}

// enrol gives a sensor with a valid token its certificate.
func (h *IngestHandler) enrol(w http.ResponseWriter, r *http.Request) {
	if !h.rate.allow("enrol "+addressOf(r), enrolsPerMin, h.o.Clock()) {
		refuse(w, http.StatusTooManyRequests, "too many attempts to enrol; wait a minute")
		return
	}
	var q forward.Enrolment
	if !read(w, r, &q) {
		return
	}
	now := h.o.Clock()
	// The request is checked before the token is used up.
	id := "s-" + randomID()
	if _, _, err := h.o.Authority.SignSensor(q.CSR, ca.Subject{Sensor: id}); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	e, err := h.o.Sensors.UseEnrolment(r.Context(), forward.TokenHash(q.Token), id, now.UnixNano())
	switch {
	case ident.CodeOf(err) == ident.NotFound:
		h.o.Slog.Warn("somebody tried to enrol with a token that is wrong, used or expired", "address", r.RemoteAddr)
		refuse(w, http.StatusForbidden, "the token is wrong, has been used, or has expired")
		return
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, "the hub's store is away")
		return
	}
	s, err := h.admit(r.Context(), e, &q, id, now)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	chain, cert, err := h.o.Authority.SignSensor(q.CSR, ca.Subject{Tenant: s.Tenant, Sensor: s.ID})
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	s.Fingerprint, s.NotAfter = ca.KeyFingerprint(cert), cert.NotAfter.UnixNano()
	if s, err = h.admitted(r.Context(), s, e.Site); err != nil {
		refuse(w, http.StatusServiceUnavailable, "the hub's store is away")
		return
	}
	h.audit(r, s, "sensor.enrol", "with the token of "+e.User)
	h.o.Live.Tell(Change{Kind: SensorChanged, Tenant: s.Tenant, Site: s.Site, ID: s.ID, New: true})
	reply(w, forward.Enrolled{Sensor: s.ID, Tenant: s.Tenant, Name: s.Name, Certificate: chain})
}

// admit gives the sensor that a token stands for: one that enrols again under
// the name that the token gives it stays who it was.
func (h *IngestHandler) admit(ctx context.Context, e *account.Enrolment, q *forward.Enrolment, id string, now time.Time) (*account.Sensor, error) {
	if e.Sensor != "" {
		list, err := h.o.Sensors.Sensors(ctx, e.Tenant)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			if !s.Local && (s.Name == e.Sensor || s.ID == e.Sensor) {
				s.Enrolled = now.UnixNano()
				return s, nil
			}
		}
	}
	name := e.Sensor
	if name == "" {
		name = strings.TrimSpace(cut(q.Name, 100))
	}
	if name == "" {
		name = id
	}
	return &account.Sensor{ID: id, Tenant: e.Tenant, Name: name, Site: e.Site, Enrolled: now.UnixNano(), Seen: now.UnixNano(), Version: cut(q.Version, 100)}, nil
}

// admitted stores what enrolment gives a sensor. Of one that is known already
// nothing else changes: its batches may be taken in at the same time.
func (h *IngestHandler) admitted(ctx context.Context, s *account.Sensor, site string) (*account.Sensor, error) {
	if err := h.o.Sensors.AddSensor(ctx, s); err != nil {
		return nil, err
	}
	return h.o.Sensors.EditSensor(ctx, s.Tenant, s.ID, func(x *account.Sensor) error {
		x.Revoked, x.Enrolled, x.Fingerprint, x.NotAfter = false, s.Enrolled, s.Fingerprint, s.NotAfter
		if site != "" {
			x.Site = site
		}
		return nil
	})
}

// renew gives a sensor a new certificate for the key that it has: when the
// answer is lost on the way, the old one is still good.
func (h *IngestHandler) renew(w http.ResponseWriter, r *http.Request, s *account.Sensor) {
	var q forward.Enrolment
	if !read(w, r, &q) {
		return
	}
	chain, cert, err := h.o.Authority.SignSensor(q.CSR, ca.Subject{Tenant: s.Tenant, Sensor: s.ID})
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if ca.KeyFingerprint(cert) != s.Fingerprint {
		refuse(w, http.StatusBadRequest, "a certificate is renewed for the same key only; enrol again for another")
		return
	}
	known := s.Fingerprint
	_, err = h.o.Sensors.EditSensor(r.Context(), s.Tenant, s.ID, func(s *account.Sensor) error {
		if s.Revoked || s.Fingerprint != known {
			return ident.Errorf(ident.Invalid, "enrol again", "the sensor was revoked or enrolled again")
		}
		s.NotAfter = cert.NotAfter.UnixNano()
		return nil
	})
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the hub's store is away")
		return
	}
	h.audit(r, s, "sensor.renew", "")
	reply(w, forward.Enrolled{Sensor: s.ID, Tenant: s.Tenant, Name: s.Name, Certificate: chain})
}

func (h *IngestHandler) audit(r *http.Request, s *account.Sensor, action, detail string) {
	if h.o.Audit == nil {
		return
	}
	err := h.o.Audit.Record(r.Context(), &account.Entry{
		Tenant: s.Tenant, Time: h.o.Clock().UnixNano(), Actor: s.ID, Address: addressOf(r), Action: action, Object: s.ID, Detail: detail,
	})
	if err != nil {
		h.o.Slog.Error("the audit log could not be written", "action", action, "cause", err)
	}
}
