package kasa

import (
	"strings"
	"testing"
)

func TestMembers(t *testing.T) {
	for in, want := range map[string]string{
		`{"system":{"get_sysinfo":{}}}`:         `system={"get_sysinfo":{}}`,
		` { "a" : 1 , "b" : [ {"x":"}"} ] } `:   `a=1 b=[ {"x":"}"} ]`,
		`{"a":"\"}","b":null,"c":-12}`:          `a="\"}" b=null c=-12`,
		`{"whole":{"x":1},"cut":{"y":"and no`:   `whole={"x":1}`,
		`{"a":1`:                                ``,
		`{}`:                                    ``,
		`[1,2]`:                                 ``,
		`{"a":,"b":2}`:                          `a= b=2`,
		`{"a"}`:                                 ``,
		``:                                      ``,
		strings.Repeat(`{"a":`, 3) + `}}}`:      `a={"a":{"a":}}`,
		`{"err_code":-5,"err_msg":"not there"}`: `err_code=-5 err_msg="not there"`,
	} {
		var got []string
		members([]byte(in), func(name, value []byte) { got = append(got, string(name)+"="+string(value)) })
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]int32{"0": 0, "-1": -1, "123456789": 123456789, "1234567890": 0, "1.5": 0, "": 0, "-": 0} {
		if got := number([]byte(in)); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}
