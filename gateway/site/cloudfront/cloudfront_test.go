package cloudfront_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
	"github.com/bartgottschalk/startupwebapp/gateway/site/cloudfront"
)

const module = "../../../deploy/terraform/modules/site"

func files(t *testing.T) map[string][]byte {
	t.Helper()
	written, err := cloudfront.Files(site.Default())
	require.NoError(t, err)
	return written
}

func published(t *testing.T) *site.Site {
	t.Helper()
	pages, err := site.Publish(site.Default(), site.Settings{APIOrigin: "https://api.shop.example", SiteOrigin: "https://www.shop.example"})
	require.NoError(t, err)
	return pages
}

func TestTheModuleHasWhatIsGenerated(t *testing.T) {
	t.Parallel()
	for name, content := range files(t) {
		kept, err := os.ReadFile(filepath.Join(module, name))
		require.NoError(t, err)
		require.Equal(t, string(content), string(kept), "%s has drifted: run scripts/generate", name)
	}
}

func TestHeadersAreThoseOfTheSite(t *testing.T) {
	t.Parallel()
	filled := strings.NewReplacer("${api_origin}", "https://api.shop.example", "${site_origin}", "https://www.shop.example").
		Replace(string(files(t)[cloudfront.HeadersFile]))
	var values map[string]string
	require.NoError(t, json.Unmarshal([]byte(filled), &values))
	headers := http.Header{}
	for name, value := range values {
		headers.Set(name, value)
	}
	require.Equal(t, published(t).Headers(), headers)
	require.Contains(t, values["Content-Security-Policy"], "connect-src https://api.shop.example;")
	require.NotEmpty(t, values["Strict-Transport-Security"])
}

// TestAddressesAnswerAsOnALaptop runs the function and looks its answer up as a bucket with an error page would.
func TestAddressesAnswerAsOnALaptop(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node to run the function")
	}
	pages := published(t)
	paths := []string{"/.ship/manifest.json", "/nothing", "/account/", "/", "/account/nothing", "/constructor", "/about/"}
	objects := map[string]string{}
	for _, object := range pages.Objects() {
		objects["/"+object.Key] = string(object.Body)
		paths = append(paths, "/"+object.Key)
	}
	objects["/.ship/manifest.json"] = "ship's own"
	for n, uri := range rewritten(t, node, paths) {
		body, found := objects[uri]
		status := http.StatusOK
		if !found {
			body, status = objects["/not-found"], http.StatusNotFound
		}
		answer := httptest.NewRecorder()
		pages.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, paths[n], nil))
		require.Equal(t, answer.Code, status, paths[n])
		require.Equal(t, answer.Body.String(), body, paths[n])
	}
}

func rewritten(t *testing.T, node string, paths []string) []string {
	t.Helper()
	asked, err := json.Marshal(paths)
	require.NoError(t, err)
	script := string(files(t)[cloudfront.FunctionFile]) +
		"\nprocess.stdout.write(JSON.stringify(" + string(asked) + ".map((uri) => handler({ request: { uri } }).uri)))\n"
	command := exec.CommandContext(t.Context(), node, "-e", script)
	answered, err := command.Output()
	require.NoError(t, err)
	var uris []string
	require.NoError(t, json.Unmarshal(answered, &uris))
	require.Len(t, uris, len(paths))
	return uris
}

func TestABrokenSiteIsNotWritten(t *testing.T) {
	t.Parallel()
	_, err := cloudfront.Files(fstest.MapFS{})
	require.Error(t, err)
}
