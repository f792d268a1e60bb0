package composetest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

const network = "startupwebapp"

// faults are all violations of our rules.
func faults(project *types.Project) []string {
	var found []string
	if known := project.Networks[network]; len(project.Networks) != 1 || known.Name != network || known.Driver != "bridge" {
		found = append(found, "the network is not the bridge startupwebapp")
	}
	tagged := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		service := project.Services[name]
		if other, taken := tagged[service.Image]; taken && service.Build != nil {
			found = append(found, name+": it builds the same tag as "+other)
		}
		tagged[service.Image] = name
		for _, rule := range []func(*types.Project, types.ServiceConfig) []string{
			isHardened, isReachedFromHereAlone, isBounded, isPinnedImage, isGated, isToldItsOwn,
		} {
			for _, fault := range rule(project, service) {
				found = append(found, name+": "+fault)
			}
		}
	}
	return found
}

// says gives the sentence when the rule is broken.
func says(broken bool, sentence string) []string {
	if broken {
		return []string{sentence}
	}
	return nil
}

func isHardened(_ *types.Project, service types.ServiceConfig) []string {
	found := slices.Concat(
		says(service.Privileged, "it is privileged"),
		says(!service.ReadOnly, "its root can be written to"),
		says(!slices.Equal(service.CapDrop, []string{"ALL"}) || len(service.CapAdd) > 0, "it keeps capabilities"),
		says(!slices.Contains(service.SecurityOpt, "no-new-privileges:true"), "it may get new privileges"),
		says(strings.HasPrefix(service.User, "0") || service.User == "root", "it runs as root"),
		says(service.Pid != "" || service.Ipc != "" || len(service.Devices) > 0, "it shares something of the machine"),
	)
	for _, volume := range service.Volumes {
		found = append(found, says(volume.Type != types.VolumeTypeVolume, "it mounts a folder of the machine")...)
	}
	return found
}

func isReachedFromHereAlone(_ *types.Project, service types.ServiceConfig) []string {
	var found []string
	for _, port := range service.Ports {
		found = append(found, says(port.HostIP != "127.0.0.1", fmt.Sprintf("port %d is published beyond this machine", port.Target))...)
	}
	_, inside := service.Networks[network]
	return append(found, says(service.NetworkMode != "" || !inside || len(service.Networks) != 1, "its networks are not startupwebapp alone")...)
}

func isBounded(_ *types.Project, service types.ServiceConfig) []string {
	return slices.Concat(
		says(service.MemLimit <= 0, "its memory has no limit"),
		says(service.PidsLimit <= 0, "its processes have no limit"),
		says(service.Logging == nil || service.Logging.Options["max-size"] == "", "its log has no limit"),
	)
}

// isPinned: a tag that begins with a version, as in postgres:16-alpine, or a digest. ARGs count as written.
func isPinned(image string) bool {
	return regexp.MustCompile(`@sha256:[0-9a-f]{64}$|:(\d|\$\{[A-Z_]*VERSION\})[^/]*$`).MatchString(image)
}

func isPinnedImage(project *types.Project, service types.ServiceConfig) []string {
	if service.Build == nil {
		return says(!isPinned(service.Image), service.Image+" is not pinned")
	}
	text, err := os.ReadFile(filepath.Join(project.WorkingDir, service.Build.Dockerfile))
	if err != nil {
		return []string{err.Error()}
	}
	return says(!slices.Contains(stagesOf(string(text)), service.Build.Target), "the Dockerfile has no stage "+service.Build.Target)
}

func stagesOf(dockerfile string) []string {
	var stages []string
	for _, stage := range regexp.MustCompile(`(?m)^FROM .* AS (\S+)$`).FindAllStringSubmatch(dockerfile, -1) {
		stages = append(stages, stage[1])
	}
	return stages
}

// isTask says whether it runs once and ends.
func isTask(service types.ServiceConfig) bool { return service.Restart == types.RestartPolicyNo }

// isGated: whoever needs another waits until that one is ready or has ended well.
func isGated(project *types.Project, service types.ServiceConfig) []string {
	found := says(!isTask(service) && (service.HealthCheck == nil || service.HealthCheck.Disable), "it has no health check")
	for name, needed := range service.DependsOn {
		wanted := types.ServiceConditionHealthy
		if isTask(project.Services[name]) {
			wanted = types.ServiceConditionCompletedSuccessfully
		}
		found = append(found, says(needed.Condition != wanted, "it does not wait until "+name+" is ready")...)
	}
	return found
}

// isToldItsOwn: of secrets, each gets those that it needs.
func isToldItsOwn(_ *types.Project, service types.ServiceConfig) []string {
	var found []string
	_, administers := service.Environment["ADMIN_DATABASE_URL"]
	found = append(found, says(administers && !slices.Equal(service.Command, []string{"migrate"}), "ADMIN_DATABASE_URL is for migrations alone")...)
	_, signs := service.Environment["SECRET_KEY"]
	return append(found, says(signs && !slices.Contains([]string{"user", "user-migrate", "gateway"}, service.Name), "SECRET_KEY is none of its business")...)
}
