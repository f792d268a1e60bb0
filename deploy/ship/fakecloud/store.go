package fakecloud

import (
	"sort"
	"strings"
)

// Put sets a parameter, as Terraform would.
func (c *Cloud) Put(name, value string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.parameters[name] = value
}

// Parameter is a parameter's value; empty when there is none.
func (c *Cloud) Parameter(name string) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.parameters[name]
}

func (c *Cloud) getParameter(in object) (any, *refusal) {
	value, ok := c.parameters[text(in, "Name")]
	if !ok {
		return nil, refuse("ParameterNotFound", "")
	}
	return object{"Parameter": parameter(text(in, "Name"), value)}, nil
}

func parameter(name, value string) object {
	return object{"Name": name, "Type": "String", "Value": value, "Version": 1}
}

func (c *Cloud) putParameter(in object) (any, *refusal) {
	name, value := text(in, "Name"), text(in, "Value")
	if _, exists := c.parameters[name]; exists && in["Overwrite"] != true {
		return nil, refuse("ParameterAlreadyExists", "The parameter already exists.")
	}
	if len(value) > 4096 {
		return nil, refuse("ValidationException", "Standard tier parameters support a maximum parameter value of 4096 characters.")
	}
	c.parameters[name] = value
	return object{"Version": 1, "Tier": "Standard"}, nil
}

func (c *Cloud) deleteParameter(in object) (any, *refusal) {
	if _, ok := c.parameters[text(in, "Name")]; !ok {
		return nil, refuse("ParameterNotFound", "")
	}
	delete(c.parameters, text(in, "Name"))
	return object{}, nil
}

// getParametersByPath gives pages of two, so that nobody forgets to turn them.
func (c *Cloud) getParametersByPath(in object) (any, *refusal) {
	const page = 2
	var names []string
	for name := range c.parameters {
		rest, ok := strings.CutPrefix(name, text(in, "Path")+"/")
		if ok && !strings.Contains(rest, "/") && name > text(in, "NextToken") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	found := []object{}
	for _, name := range names[:min(page, len(names))] {
		found = append(found, parameter(name, c.parameters[name]))
	}
	out := object{"Parameters": found}
	if len(names) > page {
		out["NextToken"] = names[page-1]
	}
	return out, nil
}
