package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/cli/terminal"
)

// addImages adds the flag --image.
func addImages(cmd *cobra.Command, paths *[]string, usage string) {
	cmd.Flags().StringArrayVar(paths, "image", nil, usage)
	if err := cmd.MarkFlagFilename("image", "jpg", "jpeg", "png", "gif", "webp"); err != nil {
		panic(err) // there is such a flag
	}
}

// readImages reads the images that a model is shown.
func readImages(ctx context.Context, m *polymath.Model, paths []string) ([]chat.Image, error) {
	var images []chat.Image
	for _, path := range paths {
		image, _, err := terminal.ReadImage(ctx, m, path)
		if err != nil {
			return nil, err
		}
		images = append(images, image)
	}
	return images, nil
}
