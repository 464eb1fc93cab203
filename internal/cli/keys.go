package cli

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath/serve"
)

func (a *app) keysCommand() *cobra.Command {
	return a.group("keys", "Make, list and revoke API keys",
		withKeysFlag(a.keysAddCommand()), withKeysFlag(a.keysListCommand()), withKeysFlag(a.keysRevokeCommand()))
}

func withKeysFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("keys", "", "file of API keys; else polymath/keys.json in the user's configuration")
	return cmd
}

// keysFile is the flag --keys of a subcommand.
func keysFile(cmd *cobra.Command) string {
	if path := cmd.Flag("keys").Value.String(); path != "" {
		return path
	}
	return defaultKeys()
}

func (a *app) keysAddCommand() *cobra.Command {
	var requests, tokens int
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make a key and show it, this once",
		Long: `Add makes a key and writes it to the standard output. It is kept nowhere: the
file holds its SHA-256. A server that runs takes it at once.`,
		Example: `  polymath serve keys add laptop
  polymath serve keys add batch --requests-per-minute 60`,
		Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := keysFile(cmd)
			secret, k, err := serve.AddKey(path, args[0], requests, tokens)
			if err != nil {
				return wrongKey(err)
			}
			fmt.Fprintf(a.Err, "%s (%s), kept as a hash in %s; this is the only time the key is shown:\n", k.ID, k.Name, path)
			_, err = fmt.Fprintln(a.Out, secret)
			return err
		},
	}
	cmd.Flags().IntVar(&requests, "requests-per-minute", 0, "requests that the key may make each minute; 0 is no limit")
	cmd.Flags().IntVar(&tokens, "tokens-per-minute", 0, "tokens of prompts and completions each minute; 0 is no limit")
	return cmd
}

// wrongKey tells a wrong argument from a failure.
func wrongKey(err error) error {
	if errors.Is(err, serve.ErrKey) {
		return usageError{err}
	}
	return err
}

func (a *app) keysListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys, without the keys themselves",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := keysFile(cmd)
			keys, err := serve.ReadKeys(path)
			if err != nil {
				return err
			}
			if len(keys) == 0 {
				fmt.Fprintf(a.Err, "%s has no keys; 'polymath serve keys add NAME' makes one\n", path)
				return nil
			}
			t := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "ID\tNAME\tMADE\tLIMITS")
			for _, k := range keys {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.ID, k.Name, k.Created.Format(time.DateOnly), keyLimits(k))
			}
			return t.Flush()
		},
	}
}

func keyLimits(k serve.Key) string {
	var limits []string
	if k.RequestsPerMinute > 0 {
		limits = append(limits, fmt.Sprintf("%d requests/min", k.RequestsPerMinute))
	}
	if k.TokensPerMinute > 0 {
		limits = append(limits, fmt.Sprintf("%d tokens/min", k.TokensPerMinute))
	}
	if len(limits) == 0 {
		return "none"
	}
	return strings.Join(limits, ", ")
}

func (a *app) keysRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID-OR-NAME",
		Short: "Take a key out of use",
		Long:  "Revoke takes a key out of use; a server that runs refuses it at once.",
		Args:  exactly("ID-OR-NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := serve.RevokeKey(keysFile(cmd), args[0])
			if err != nil {
				return wrongKey(err)
			}
			_, err = fmt.Fprintf(a.Out, "revoked %s (%s)\n", k.ID, k.Name)
			return err
		},
	}
}
