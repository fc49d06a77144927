package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes.
type Size int64

// ParseSize reads a number with an optional K, M, G or T (powers of 1024).
func ParseSize(s string) (Size, error) {
	num, mul := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(s)), "B"), "I"), int64(1)
	if num != "" {
		if i := strings.IndexByte("KMGT", num[len(num)-1]); i >= 0 {
			mul, num = 1<<(10*(i+1)), num[:len(num)-1]
		}
	}
	n, err := strconv.ParseInt(num, 10, 64)
	if err != nil || n < 0 || n > 1<<60/mul {
		return 0, fmt.Errorf("%q is no size: want a number such as 96M", s)
	}
	return Size(n * mul), nil
}

func (s Size) String() string {
	for i, unit := range "TGMK" {
		if m := Size(1) << (40 - 10*i); s >= m && s%m == 0 {
			return strconv.FormatInt(int64(s/m), 10) + string(unit)
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// Duration is a length of time.
type Duration time.Duration

// ParseDuration reads Go's form and days (d) and weeks (w); 0 needs no unit.
func ParseDuration(s string) (Duration, error) {
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if num, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.Atoi(num)
			if err != nil || n < 0 || n > 36500 {
				break
			}
			return Duration(time.Duration(n) * length), nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no length of time: want one such as 30d, 12h or 90s", s)
	}
	return Duration(d), nil
}

func (d Duration) String() string {
	const day = Duration(24 * time.Hour)
	if d != 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return time.Duration(d).String()
}

// Std gives the duration as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// Secret is a value that is never shown.
type Secret string

// String masks it.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(set)"
}

// parse gives a value of type t, with the words that are allowed (comma
// separated; empty for all).
func parse(t reflect.Type, text, enum string) (reflect.Value, error) {
	v := reflect.New(t).Elem()
	switch v.Interface().(type) {
	case Size:
		n, err := ParseSize(text)
		v.SetInt(int64(n))
		return v, err
	case Duration:
		n, err := ParseDuration(text)
		v.SetInt(int64(n))
		return v, err
	}
	switch t.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return v, fmt.Errorf("%q: want true or false", text)
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return v, fmt.Errorf("%q: want a number", text)
		}
		v.SetInt(int64(n))
	default:
		if enum != "" && !contains(enum, text) {
			return v, fmt.Errorf("%q: want one of %s", text, strings.ReplaceAll(enum, ",", ", "))
		}
		v.SetString(text)
	}
	return v, nil
}

func contains(enum, word string) bool {
	for w := range strings.SplitSeq(enum, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// show gives a value as text.
func show(v reflect.Value) string {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	if v.Kind() == reflect.Slice {
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = show(v.Index(i))
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v.Interface())
}
