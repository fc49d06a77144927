//go:build !sensor

package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

var userColumns = columns("id name display role sites rights totp disabled login")

func newUsers(s *streams) *cobra.Command {
	return s.group("users", "people who may log in", `  edgeward users list
  edgeward users add anna --role analyst --site north --right evidence
  edgeward users edit ID --role operator
  edgeward users delete ID`, func(h *hubFlags) []*cobra.Command {
		return []*cobra.Command{
			verb("list", "list users", "  edgeward users list --format json", noArgs, func(cmd *cobra.Command, _ []string) error { return h.get(cmd, "/users", nil, userColumns) }),
			verb("show ID", "show one user", "  edgeward users show ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
				return h.get(cmd, "/users/"+pathOf(args[0]), nil, nil)
			}),
			h.usersAdd(), h.usersEdit(),
			verb("delete ID", "delete a user", "  edgeward users delete ID", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
				return h.silent(cmd, "DELETE", "/users/"+pathOf(args[0]), nil)
			}),
		}
	})
}

func userFlags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.String("display", "", "name for people")
	fl.String("email", "", "mail address")
	fl.String("role", "", "viewer, analyst, operator or admin")
	fl.StringArray("site", nil, "only this site; may be repeated; without it all")
	fl.StringArray("right", nil, "evidence, unmasked or subscribers; may be repeated")
	fl.Bool("password-stdin", false, "read the password from standard input")
}

func (h *hubFlags) usersAdd() *cobra.Command {
	cmd := verb("add NAME", "make a user; the password is asked for", "  edgeward users add anna --role analyst\n  pwgen 20 1 | edgeward users add anna --role viewer --password-stdin", exactArgs(1, "NAME"), func(cmd *cobra.Command, args []string) error {
		body := members(cmd, "display", "email", "role", "site=sites", "right=rights")
		if body["role"] == nil {
			return usage(cmd, errors.New("say which role with --role"))
		}
		password, err := h.s.password(cmd, "Password for "+args[0]+": ", true)
		if err != nil {
			return err
		}
		body["name"], body["password"] = args[0], password
		return h.change(cmd, "POST", "/users", body, userColumns)
	})
	userFlags(cmd)
	return cmd
}

func (h *hubFlags) usersEdit() *cobra.Command {
	cmd := verb("edit ID", "change a user; those who change log in again", "  edgeward users edit ID --role operator\n  edgeward users edit ID --disabled\n  edgeward users edit ID --reset-totp", exactArgs(1, "ID"), func(cmd *cobra.Command, args []string) error {
		body := members(cmd, "display", "email", "role", "site=sites", "right=rights", "disabled", "reset-totp")
		if cmd.Flags().Changed("password-stdin") {
			password, err := h.s.password(cmd, "", false)
			if err != nil {
				return err
			}
			body["password"] = password
		}
		if err := need(cmd, body); err != nil {
			return err
		}
		return h.change(cmd, "PATCH", "/users/"+pathOf(args[0]), body, userColumns)
	})
	userFlags(cmd)
	cmd.Flags().Bool("disabled", false, "may not log in")
	cmd.Flags().Bool("reset-totp", false, "take away the second factor")
	return cmd
}

// maxPassword bounds what is read as a password.
const maxPassword = 1024

// password reads a password from standard input, or asks for it where that is
// a terminal.
func (s *streams) password(cmd *cobra.Command, prompt string, twice bool) (string, error) {
	fromInput, _ := cmd.Flags().GetBool("password-stdin") // it is one
	f, isFile := s.in.(*os.File)
	if fromInput || !isFile || !term.IsTerminal(int(f.Fd())) {
		if !fromInput {
			return "", usage(cmd, errors.New("standard input is no terminal: give the password with --password-stdin"))
		}
		line, err := bufio.NewReader(io.LimitReader(s.in, maxPassword+2)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ask := func(text string) (string, error) {
		fmt.Fprint(s.err, text)
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(s.err)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(b), nil
	}
	first, err := ask(prompt)
	if err != nil || !twice {
		return first, err
	}
	second, err := ask("Once more: ")
	if err == nil && first != second {
		err = errors.New("the two passwords differ")
	}
	return first, err
}
