//go:build !sensor

package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"edgeward/internal/account"
	"edgeward/internal/hub"
)

// step is the time that one code is for (RFC 6238).
const step = 30 * time.Second

// totpLabel says what is sealed.
func totpLabel(u *account.User) string { return "totp " + u.ID }

var errCode = refuse(http.StatusUnauthorized, "wrong-code", "the code is wrong, or was used already")

// useCode takes a code of the authenticator, which counts once, or a recovery
// code, which is gone then.
func (s *Server) useCode(ctx context.Context, u *account.User, code string) error {
	code = strings.Join(strings.Fields(code), "")
	if len(code) == 6 {
		secret, err := hub.Unseal(s.Key, u.TOTP, totpLabel(u))
		if err != nil {
			return err
		}
		at, fits := matchCode(string(secret), code, s.now())
		if !fits {
			return errCode
		}
		_, err = s.Users.EditUser(ctx, u.Tenant, u.ID, func(u *account.User) error {
			if at <= u.TOTPLast {
				return errCode
			}
			u.TOTPLast = at
			return nil
		})
		return err
	}
	hash := digest(strings.ToUpper(strings.ReplaceAll(code, "-", "")))
	_, err := s.Users.EditUser(ctx, u.Tenant, u.ID, func(u *account.User) error {
		for i, have := range u.Recovery {
			if subtle.ConstantTimeCompare([]byte(have), []byte(hash)) == 1 {
				u.Recovery = slices.Delete(slices.Clone(u.Recovery), i, i+1)
				return nil
			}
		}
		return errCode
	})
	return err
}

// matchCode finds the time step that a code belongs to: this one, the one
// before or the next, for clocks that differ (RFC 6238, 5.2).
func matchCode(secret, code string, now int64) (int64, bool) {
	at := now / int64(step)
	for _, try := range []int64{at, at - 1, at + 1} {
		want, err := hotp.GenerateCodeCustom(secret, uint64(try), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return try, true
		}
	}
	return 0, false
}

// beginTOTP makes a secret that counts when its first code has come. It is
// kept in the user's settings until then, sealed.
func (s *Server) beginTOTP(ctx context.Context, in *confirmInput) (*reply[TOTPSetup], error) {
	c, err := person(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.confirm(ctx, c, in.Body.Password); err != nil {
		return nil, err
	}
	if c.user.TOTP != nil {
		return nil, refuse(http.StatusConflict, "conflict", "there is a second factor already: remove it first")
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Edgeward", AccountName: c.user.Name})
	if err != nil {
		return nil, fmt.Errorf("make a second factor: %w", err)
	}
	picture, err := key.Image(240, 240)
	if err != nil {
		return nil, fmt.Errorf("make a QR code: %w", err)
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, picture); err != nil {
		return nil, fmt.Errorf("make a QR code: %w", err)
	}
	sealed, err := hub.Seal(s.Key, []byte(key.Secret()), totpLabel(c.user))
	if err != nil {
		return nil, err
	}
	if err := s.save(ctx, c.tenant, pendingTOTP, c.user.ID, pendingSecret{sealed, s.now()}); err != nil {
		return nil, err
	}
	return ok(TOTPSetup{Secret: key.Secret(), URL: key.URL(), Image: "data:image/png;base64," + base64.StdEncoding.EncodeToString(buf.Bytes())})
}

// pendingTOTP is the kind of documents that hold secrets without a code yet.
const pendingTOTP = "totp"

type pendingSecret struct {
	Secret []byte `json:"secret"`
	Made   int64  `json:"made"`
}

func (s *Server) confirmTOTP(ctx context.Context, in *codeInput) (*reply[RecoveryCodes], error) {
	c, err := person(ctx)
	if err != nil {
		return nil, err
	}
	key := "totp " + c.user.ID
	if wait := s.accounts.begin(key, s.Clock()); wait > 0 {
		return nil, later(wait, "too many wrong codes: wait")
	}
	p, err := fetch[pendingSecret](ctx, s, c.tenant, pendingTOTP, c.user.ID, "second factor that waits for its first code")
	if err != nil {
		return nil, err
	}
	if s.now()-p.Made > int64(15*time.Minute) {
		return nil, refuse(http.StatusConflict, "conflict", "this took too long: begin again")
	}
	secret, err := hub.Unseal(s.Key, p.Secret, totpLabel(c.user))
	if err != nil {
		return nil, err
	}
	at, fits := matchCode(string(secret), in.Body.Code, s.now())
	if !fits {
		return nil, refuse(http.StatusUnprocessableEntity, "wrong-code", "the code is wrong: is the clock of the phone right?")
	}
	codes, hashes := recoveryCodes()
	_, err = s.Users.EditUser(ctx, c.tenant, c.user.ID, func(u *account.User) error {
		u.TOTP, u.TOTPLast, u.Recovery = p.Secret, at, hashes
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.accounts.forgive(key)
	if err := s.Documents.DeleteDocument(ctx, c.tenant, pendingTOTP, c.user.ID); err != nil {
		return nil, err
	}
	return ok(RecoveryCodes{codes})
}

func (s *Server) disableTOTP(ctx context.Context, in *confirmInput) (*none, error) {
	c, err := person(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.confirm(ctx, c, in.Body.Password); err != nil {
		return nil, err
	}
	_, err = s.Users.EditUser(ctx, c.tenant, c.user.ID, func(u *account.User) error {
		u.TOTP, u.Recovery = nil, nil // TOTPLast stays: codes of the old secret count no more
		return nil
	})
	return &none{}, err
}

func (s *Server) renewRecovery(ctx context.Context, in *confirmInput) (*reply[RecoveryCodes], error) {
	c, err := person(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.confirm(ctx, c, in.Body.Password); err != nil {
		return nil, err
	}
	codes, hashes := recoveryCodes()
	_, err = s.Users.EditUser(ctx, c.tenant, c.user.ID, func(u *account.User) error {
		if u.TOTP == nil {
			return refuse(http.StatusConflict, "conflict", "there is no second factor")
		}
		u.Recovery = hashes
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ok(RecoveryCodes{codes})
}

// recoveryCodes makes ten codes of 80 bits, and what is kept of them.
func recoveryCodes() (codes, hashes []string) {
	for range 10 {
		var b [10]byte
		rand.Read(b[:])
		text := base32.StdEncoding.EncodeToString(b[:])
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		hashes = append(hashes, digest(text))
	}
	return codes, hashes
}
