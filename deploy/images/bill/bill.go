// Package bill writes the bill of materials (SBOM) of a program, in CycloneDX, from what Go noted in the program itself.
//
// It is made here and not by cyclonedx-gomod because that tool writes the hash of its own executable into every bill, so that the
// same commit would give another image on another machine. Components, versions and package URLs are the same.
package bill

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
)

type document struct {
	Schema       string       `json:"$schema"`
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Reference  string     `json:"bom-ref"`
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PackageURL string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Reference string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// Write gives the bill of the program at file as JSON. version is the program's own, and that of the modules that lie in
// the same repository. The same program and version give the same bytes.
func Write(file, version string) ([]byte, error) {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read what %s is made of: %w", file, err)
	}
	text, err := json.MarshalIndent(describe(info, version), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the bill: %w", err)
	}
	return append(text, '\n'), nil
}

func describe(info *buildinfo.BuildInfo, version string) document {
	program := program(info, version)
	made := document{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: metadata{program},
	}
	uses := dependency{Reference: program.Reference}
	for _, part := range append(standardLibrary(info), modules(info.Deps, version)...) {
		made.Components = append(made.Components, part)
		uses.DependsOn = append(uses.DependsOn, part.Reference)
	}
	made.Dependencies = []dependency{uses}
	return made
}

func program(info *buildinfo.BuildInfo, version string) component {
	made := library(info.Path, version)
	made.Type, made.Name = "application", path.Base(info.Path)
	for _, setting := range info.Settings {
		made.Properties = append(made.Properties, property{"go:build:" + setting.Key, setting.Value})
	}
	return made
}

func standardLibrary(info *buildinfo.BuildInfo) []component {
	return []component{library("std", strings.TrimPrefix(info.GoVersion, "go"))}
}

func modules(used []*debug.Module, version string) []component {
	var found []component
	for _, module := range used {
		if module.Replace != nil {
			module = module.Replace
		}
		if module.Version == "" || module.Version == "(devel)" {
			found = append(found, library(module.Path, version)) // of this repository
			continue
		}
		made := library(module.Path, module.Version)
		made.Properties = []property{{"go:sum", module.Sum}}
		found = append(found, made)
	}
	return found
}

func library(name, version string) component {
	packageURL := "pkg:golang/" + name + "@" + url.PathEscape(version)
	return component{Reference: packageURL, Type: "library", Name: name, Version: version, PackageURL: packageURL}
}
