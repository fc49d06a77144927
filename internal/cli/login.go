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

	"edgeward/internal/client"
)

func newLogin(s *streams) *cobra.Command {
	var p client.Place
	cmd := &cobra.Command{
		Use: "login", Short: "store the address of a hub and a token for it",
		Long: `Login checks a token with a hub and stores both where only you can read them
(login.json in the folder edgeward of your settings). Make a token in the
console below Settings, or with edgeward tokens create on the hub's machine.`,
		Example: `  edgeward login --url https://hub.example.org
  edgeward login --url https://hub.example.org < token.txt`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.URL == "" {
				return usage(cmd, errors.New("say which hub with --url"))
			}
			var err error
			if p.Token, err = s.token(); err != nil {
				return err
			}
			c, err := client.New(p)
			if err != nil {
				return err
			}
			var me map[string]any
			if err := c.Do(cmd.Context(), "GET", "/session", nil, nil, &me); err != nil {
				return err
			}
			path, err := client.Store(p)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.err, "edgeward: logged in as %s (%s); stored in %s\n", cellOf(me["name"]), cellOf(me["role"]), path)
			return nil
		},
	}
	cmd.Flags().StringVar(&p.URL, "url", os.Getenv("EDGEWARD_URL"), "address of the hub (EDGEWARD_URL)")
	cmd.Flags().StringVar(&p.Pin, "pin", "", "SHA-256 of the hub's certificate, when no authority has signed it")
	return cmd
}

// token takes a token from the environment, the terminal or standard input;
// never from the command line, which others on the machine can read.
func (s *streams) token() (string, error) {
	if t := os.Getenv("EDGEWARD_TOKEN"); t != "" {
		return t, nil
	}
	if f, isFile := s.in.(*os.File); isFile && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(s.err, "Token: ")
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(s.err)
		return strings.TrimSpace(string(b)), err
	}
	line, err := bufio.NewReader(io.LimitReader(s.in, 1024)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the token: %w", err)
	}
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.New("there is no token on standard input and none in EDGEWARD_TOKEN")
	}
	return line, nil
}

func newLogout(s *streams) *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "forget the stored login", Example: "  edgeward logout", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := client.Forget(); err != nil {
				return err
			}
			fmt.Fprintln(s.err, "edgeward: the login is forgotten; the token is still good until it is revoked")
			return nil
		},
	}
}

// hubCommands are those that speak to a hub.
func hubCommands(s *streams) []*cobra.Command {
	return []*cobra.Command{
		newDevices(s), newFindings(s), newEvents(s), newSensors(s), newCaptures(s), newMutes(s), newMaintenance(s), newPolicy(s), newUsers(s), newTokens(s), newBackup(s), newAudit(s), newSettings(s),
		newLogin(s), newLogout(s),
	}
}
