//go:build !sensor

package state

import (
	"context"
	"database/sql"

	"edgeward/internal/account"
	"edgeward/internal/ident"
)

// Sensors gives those who report, by id.
func (s *Store) Sensors(ctx context.Context, tenant uint16) ([]*account.Sensor, error) {
	var out []*account.Sensor
	err := s.find(ctx, "SELECT record FROM sensors WHERE tenant = ? ORDER BY id", []any{tenant}, func(rows *sql.Rows) error { return scanInto(rows, &out) })
	return out, err
}

// Sensor gives one of those who report.
func (s *Store) Sensor(ctx context.Context, tenant uint16, id string) (*account.Sensor, error) {
	return readOne[account.Sensor](ctx, s, "sensor", id, "SELECT record FROM sensors WHERE tenant = ? AND id = ?", tenant, id)
}

// PutSensor stores a sensor.
func (s *Store) PutSensor(ctx context.Context, v *account.Sensor) error {
	return s.update(ctx, "store sensor", func(t *tx) error {
		old := account.Sensor{}
		err := t.read(&old, "sensor", v.ID, "SELECT record FROM sensors WHERE tenant = ? AND id = ?", v.Tenant, v.ID)
		if err != nil && ident.CodeOf(err) != ident.NotFound {
			return err
		}
		return t.replaceSensor(&old, v)
	})
}

// AddSensor stores a sensor unless there is one with its id, of which nothing
// is changed.
func (s *Store) AddSensor(ctx context.Context, v *account.Sensor) error {
	return s.update(ctx, "add sensor", func(t *tx) error {
		have, err := t.Sensors(v.Tenant, []string{v.ID})
		if err != nil || len(have) > 0 {
			return err
		}
		return t.SaveSensors([]*account.Sensor{v})
	})
}

// replaceSensor stores a sensor; when its site changes, what it sees moves
// there.
func (t *tx) replaceSensor(old, v *account.Sensor) error {
	if err := t.SaveSensors([]*account.Sensor{v}); err != nil {
		return err
	}
	if old.ID == "" || old.Site == v.Site {
		return nil
	}
	only := list([]string{v.ID})
	if _, err := t.exec("UPDATE devices SET site = ? WHERE tenant = ? AND sensors = ?", v.Site, v.Tenant, only); err != nil {
		return err
	}
	if _, err := t.exec("UPDATE findings SET site = ?, grp = CASE WHEN grp = id THEN grp ELSE check_id || '@' || ? END WHERE tenant = ? AND sensors = ?", v.Site, v.Site, v.Tenant, only); err != nil {
		return err
	}
	// Addresses are known by site: what this sensor alone told moves too.
	_, err := t.exec("UPDATE holders SET realm = ? WHERE tenant = ? AND realm = ? AND realm <> '' AND device IN (SELECT id FROM devices WHERE tenant = ? AND sensors = ?) AND NOT EXISTS (SELECT 1 FROM holders o WHERE o.tenant = holders.tenant AND o.host = holders.host AND o.realm = ?)", v.Site, v.Tenant, old.Site, v.Tenant, only, v.Site)
	if err != nil {
		return err
	}
	return t.BumpEpoch()
}

// EditSensor changes a sensor in one transaction.
func (s *Store) EditSensor(ctx context.Context, tenant uint16, id string, edit func(*account.Sensor) error) (*account.Sensor, error) {
	v := &account.Sensor{}
	err := s.update(ctx, "edit sensor", func(t *tx) error {
		if err := t.read(v, "sensor", id, "SELECT record FROM sensors WHERE tenant = ? AND id = ?", tenant, id); err != nil {
			return err
		}
		old := *v
		if err := edit(v); err != nil {
			return err
		}
		v.ID, v.Tenant = id, tenant
		return t.replaceSensor(&old, v)
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Enrolments gives the one-time tokens, the newest first.
func (s *Store) Enrolments(ctx context.Context, tenant uint16) ([]*account.Enrolment, error) {
	var out []*account.Enrolment
	err := s.find(ctx, "SELECT record FROM enrolments WHERE tenant = ? ORDER BY created DESC, id", []any{tenant}, func(rows *sql.Rows) error { return scanInto(rows, &out) })
	return out, err
}

// PutEnrolment stores a one-time token.
func (s *Store) PutEnrolment(ctx context.Context, e *account.Enrolment) error {
	stored := *e
	if stored.ID == "" {
		stored.ID = newID()
	}
	err := s.update(ctx, "store enrolment", func(t *tx) error { return t.putEnrolment(&stored) })
	if err == nil {
		e.ID = stored.ID
	}
	return err
}

// EditEnrolment changes a one-time token in one transaction.
func (s *Store) EditEnrolment(ctx context.Context, tenant uint16, id string, edit func(*account.Enrolment) error) (*account.Enrolment, error) {
	e := &account.Enrolment{}
	err := s.update(ctx, "edit enrolment", func(t *tx) error {
		if err := t.read(e, "enrolment", id, "SELECT record FROM enrolments WHERE tenant = ? AND id = ?", tenant, id); err != nil {
			return err
		}
		hash := e.Hash
		if err := edit(e); err != nil {
			return err
		}
		e.ID, e.Tenant, e.Hash = id, tenant, hash
		return t.putEnrolment(e)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (t *tx) putEnrolment(e *account.Enrolment) error {
	b, err := encode(e)
	if err != nil {
		return err
	}
	columns := []string{"tenant", "id", "hash", "created", "record"}
	return t.bulk("enrolments", columns, upsert("tenant, id", columns), [][]any{{e.Tenant, e.ID, e.Hash, e.Created, b}})
}

// UseEnrolment marks a one-time token as used.
func (s *Store) UseEnrolment(ctx context.Context, hash, sensor string, now int64) (*account.Enrolment, error) {
	e := &account.Enrolment{}
	err := s.update(ctx, "use enrolment", func(t *tx) error {
		if err := t.read(e, "enrolment", "", "SELECT record FROM enrolments WHERE hash = ?", hash); err != nil {
			return err
		}
		if e.Used != 0 || e.Expires != 0 && now >= e.Expires {
			return ident.Errorf(ident.NotFound, "make a new token", "the enrolment token was used or has expired")
		}
		e.Used, e.By = now, sensor
		return t.putEnrolment(e)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}
