# SPDX-License-Identifier: GPL-2.0
"""Help, manual and completion tell of the same options, and of all of them; make install puts them in their places."""

import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(*arguments, **settings):
    done = subprocess.run(arguments, cwd=TOP, capture_output=True, text=True, timeout=120, **settings)
    return done.returncode, done.stdout, done.stderr


def complete(file, *words):
    """What bash offers for the last word."""
    script = f'. "{file}"; COMP_WORDS=({" ".join(map(repr, words))}); COMP_CWORD={len(words) - 1}; _criu; echo "${{COMPREPLY[@]}}"'
    return run("bash", "-c", script)[1].split()


def listed():
    """{option: may it be negated} of the list itself, without those that were removed."""
    text = open(os.path.join(TOP, "criu/support/option_list.h")).read()
    rows = re.findall(r"^OPTION\(\w+, \"([\w-]+)\", [^,]+, (\w+), ([01]), ", text, re.M)
    return {name: flag == "1" for name, kind, flag in rows if kind != "REMOVED"}


def check_texts(scenario, options):
    status, text, _ = run(scenario.program, "--help")
    shown = set(re.findall(r"^  (?:-\w, |    )--([\w-]+)", text, re.M))
    scenario.check(status == 0 and shown == set(options), f"--help and the list differ: {sorted(shown ^ set(options))}")
    scenario.check(max(map(len, text.splitlines())) < 80, "a line of --help is too long for a terminal")

    status, text, errors = run("scripts/gen-docs", "man", "--check")
    scenario.check(status == 0, f"the manual is not up to date: {text}{errors}")
    page = open(os.path.join(TOP, "Documentation/criu.8")).read().replace("\\-", "-")
    heads = re.findall(r"^\.TP\n(.*\\fB--.*)$", page.split("begin options")[1], re.M)
    found = {name for head in heads for name in re.findall(r"\\fB--([\w-]+)\\fR", head)}
    wanted = set(options) | {"no-" + name for name in options if options[name]}
    scenario.check(found == wanted, f"the manual and the list differ: {sorted(found ^ wanted)}")
    for section in "NAME SYNOPSIS DESCRIPTION COMMANDS OPTIONS FILES ENVIRONMENT EXAMPLES".split() + ["EXIT STATUS"]:
        scenario.check(f"\n.SH {section}\n" in page, f"the manual has no {section}")


def check_completion(scenario, file, options):
    scenario.check(complete(file, "criu", "che") == ["check"], "commands are not completed")
    offered = set(complete(file, "criu", "dump", "--"))
    scenario.check({"--" + name for name in options} <= offered, "options are not completed")
    scenario.check(complete(file, "criu", "check", "--feature", "openat") == ["openat2"], "features are not completed")
    scenario.check(complete(file, "criu", "cpuinfo", "d") == ["dump"], "cpuinfo is not completed")
    scenario.check(complete(file, "criu", "dump", "-D", "/pro") == ["/proc"], "directories are not completed")


def check_example(scenario):
    """Every piece of code of adding-a-kind.md is in the file that was named last above it."""
    text = open(os.path.join(TOP, "Documentation/adding-a-kind.md")).read()
    path, count = None, 0
    for place, code in re.findall(r"^`([\w/.-]+)`|^```\n(.*?)^```$", text, re.M | re.S):
        path = place or path
        if code and path:
            count += 1
            scenario.check(code in open(os.path.join(TOP, path)).read(), f"adding-a-kind.md shows what {path} has not:\n{code}")
    scenario.check(count == 8, f"adding-a-kind.md has {count} pieces of code")


def test(scenario):
    check_example(scenario)
    options = listed()
    scenario.check(len(options) > 80, f"only {len(options)} options in the list")
    check_texts(scenario, options)
    place = scenario.path("package")
    status, _, errors = run("make", "-s", "install", "PREFIX=/usr", f"DESTDIR={place}")
    scenario.check(status == 0, f"make install: {errors}")
    status, text, _ = run(os.path.join(place, "usr/sbin/criu"), "--version")
    scenario.check(status == 0 and text.startswith("Version: 4.2"), f"the installed program: {status} {text}")
    link = os.path.join(place, "usr/bin/crit")
    status, text, _ = run(link, "--help")
    scenario.check(status == 0 and "decode" in text and not os.readlink(link).startswith("/"), f"the link crit: {status} {text}")
    for file in ("man8/criu.8", "man1/crit.1"):
        scenario.check(os.path.getsize(os.path.join(place, "usr/share/man", file)) > 1000, f"{file} is not installed")
    check_completion(scenario, os.path.join(place, "usr/share/bash-completion/completions/criu"), options)
    status, _, errors = run("make", "-s", "uninstall", "PREFIX=/usr", f"DESTDIR={place}")
    left = [file for _, _, files in os.walk(place) for file in files]
    scenario.check(status == 0 and not left, f"make uninstall leaves {left} {errors}")
