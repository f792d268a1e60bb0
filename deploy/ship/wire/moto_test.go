package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const startLimit = time.Minute

// motoServer is where moto_server lies; the test is skipped when it lies nowhere.
func motoServer(t *testing.T) string {
	t.Helper()
	if found, err := exec.LookPath("moto_server"); err == nil {
		return found
	}
	local, err := filepath.Abs("../../../.local/moto/bin/moto_server")
	require.NoError(t, err)
	if _, err := os.Stat(local); err == nil {
		return local
	}
	const missing = "moto_server is neither in PATH nor in .local/moto/bin (pip install 'moto[server]')"
	require.NotEqual(t, "true", os.Getenv("REQUIRE_MOTO"), missing)
	t.Skip(missing)
	return ""
}

// startMoto runs moto for this test alone and gives the address of a door in front of it, which mends what the SDK for Go does
// not understand.
func startMoto(t *testing.T) string {
	t.Helper()
	program, port := motoServer(t), freePort(t)
	address := "http://127.0.0.1:" + strconv.Itoa(port)
	var output bytes.Buffer
	ctx, stop := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, program, "-H", "127.0.0.1", "-p", strconv.Itoa(port))
	server.Env = append(os.Environ(), "MOTO_IAM_LOAD_MANAGED_POLICIES=true", "MOTO_ACM_VALIDATION_WAIT=2", "MOTO_ECS_SERVICE_RUNNING=1")
	server.Stdout, server.Stderr = &output, &output
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	server.Cancel = func() error { return syscall.Kill(-server.Process.Pid, syscall.SIGKILL) } // the shim of a version manager is its parent
	server.WaitDelay = 5 * time.Second
	require.NoError(t, server.Start())
	ended := make(chan struct{})
	go func() { _ = server.Wait(); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	require.Eventually(t, func() bool { return answers(ctx, address) }, startLimit, 100*time.Millisecond, "moto does not answer")
	return mend(t, address)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	address, ok := listener.Addr().(*net.TCPAddr)
	require.True(t, ok)
	return address.Port
}

func answers(ctx context.Context, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/moto-api/data.json", http.NoBody)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// mend is a proxy that turns the cpu of a task's containers, which moto gives as a number, into the text that it is in AWS.
func mend(t *testing.T, address string) string {
	t.Helper()
	target, err := url.Parse(address)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		// The Host stays the caller's, since it is part of what is signed.
		Rewrite: func(request *httputil.ProxyRequest) {
			request.Out.URL.Scheme, request.Out.URL.Host = target.Scheme, target.Host
			request.Out.Host = request.In.Host
		},
		ModifyResponse: mendTasks,
	}
	door := httptest.NewServer(proxy)
	t.Cleanup(door.Close)
	return door.URL
}

func mendTasks(answer *http.Response) error {
	operation := answer.Request.Header.Get("X-Amz-Target")
	if !strings.HasSuffix(operation, ".RunTask") && !strings.HasSuffix(operation, ".DescribeTasks") && !strings.HasSuffix(operation, ".StopTask") {
		return nil
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	var read any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&read) == nil {
		textOfCPU(read)
		if text, err = json.Marshal(read); err != nil {
			return err
		}
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	answer.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return nil
}

func textOfCPU(value any) {
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			textOfCPU(one)
		}
	case map[string]any:
		for name, one := range value {
			number, isNumber := one.(json.Number)
			if isNumber && (name == "cpu" || name == "memory" || name == "memoryReservation") {
				value[name] = number.String()
				continue
			}
			if name != "overrides" { // numbers there, in AWS too
				textOfCPU(one)
			}
		}
	}
}
