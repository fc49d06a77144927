//go:build !sensor

package api

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The parameters of argon2id are OWASP's (Password Storage Cheat Sheet): 19
// MiB, two passes, one lane.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16
	argonLength  = 32
)

// hasher hashes passwords, a bounded number at a time, so that a flood of
// logins cannot take all memory: at most slots × 19 MiB.
type hasher struct {
	slots   chan struct{}
	waiting chan struct{}
	dummy   string
}

func newHasher() *hasher {
	h := &hasher{slots: make(chan struct{}, 2), waiting: make(chan struct{}, 16)}
	h.dummy = hashPassword("nobody has this password")
	return h
}

// errBusy says that too many logins wait.
var errBusy = refuse(http.StatusServiceUnavailable, "busy", "too many people log in at this moment: try again")

// enter waits for a slot.
func (h *hasher) enter(ctx context.Context) error {
	select {
	case h.waiting <- struct{}{}:
	default:
		return errBusy
	}
	defer func() { <-h.waiting }()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *hasher) leave() { <-h.slots }

// hash makes the hash of a new password, in PHC string format.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return hashPassword(password), nil
}

// verify compares a password with a hash. Without a hash it takes as long and
// fails, so that who does not exist cannot be told from who mistyped.
func (h *hasher) verify(ctx context.Context, hash, password string) (bool, error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	real := hash != ""
	if !real {
		hash = h.dummy
	}
	same, err := samePassword(hash, password)
	return same && real, err
}

func hashPassword(password string) string {
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonLength)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func samePassword(hash, password string) (bool, error) {
	var version int
	var memory, time uint32
	var threads uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("a stored password is in no known format")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &threads); err != nil || version != argon2.Version || memory > 1<<20 || time == 0 || time > 16 || threads == 0 {
		return false, errors.New("a stored password has parameters that are not accepted")
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("read a stored password: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) == 0 {
		return false, fmt.Errorf("read a stored password: %w", err)
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// minPassword is the least number of characters of a password (NIST SP
// 800-63B-4 asks for 15, or 8 with a second factor).
const minPassword = 12

// common are long passwords that are guessed first all the same.
var common = []string{"password1234", "passwordpassword", "123456789012", "1234567890123", "qwertyuiop12", "qwertyuiopasdf", "administrator", "adminadminadmin", "edgewardedgeward", "letmeinletmein", "changemechangeme", "welcomewelcome"}

// checkPassword says why a new password is not good enough.
func checkPassword(password, name string) error {
	lower := strings.ToLower(password)
	distinct := map[rune]bool{}
	for _, r := range lower {
		distinct[r] = true
	}
	switch {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return invalid("the password is not valid UTF-8")
	case utf8.RuneCountInString(password) < minPassword:
		return invalid(fmt.Sprintf("the password is too short: at least %d characters", minPassword))
	case slices.Contains(common, lower), len(distinct) < 5, name != "" && len(lower) < len(name)+4 && strings.Contains(lower, strings.ToLower(name)):
		return invalid("the password is one of the first that are guessed: take another")
	}
	return nil
}
