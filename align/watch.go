package align

import (
	"io"
	"net/http"
)

// Watch serves the page of a run's directory, live, see checkpoint.Form.Watch: a run
// may go on in another process, and may begin later. Goroutines may share it.
func Watch(runDir string) http.Handler {
	return journalForm.Watch(runDir, func(w io.Writer, name string) error {
		info, err := readInfo(runDir)
		if err != nil {
			return err
		}
		records, err := ReadMetrics(runDir)
		if err != nil {
			return err
		}
		return pageTemplate.ExecuteTemplate(w, name, newPage(info, records, true))
	})
}
