"""What is too long is refused at the line after the limit."""

from house import sizes


def function(lines):
    return "void Long() {\n" + "  Step();\n" * (lines - 2) + "}\n"


def test_functions_end_at_seventy_lines(judge):
    assert judge(sizes, function(70)) == []
    assert judge(sizes, function(71)) == [("function-size", "Long")]


def test_methods_and_tests_are_functions(judge):
    assert judge(sizes, "class A {\n" + function(71) + "};\n") == [("function-size", "Long")]
    assert judge(sizes, function(71).replace("void Long()", "TEST(A, B)")) == [("function-size", "A.B")]


def test_classes_and_tables_may_be_longer(judge):
    assert judge(sizes, "class A {\n" + "  int a;\n" * 100 + "};\n") == []
    assert judge(sizes, "const int kTable[] = {\n" + "  1,\n" * 100 + "};\n") == []


def test_files_end_at_six_hundred_lines(judge):
    assert judge(sizes, "int a;\n" * 600) == []
    assert judge(sizes, "int a;\n" * 601) == [("file-size", "src/x/x.cpp")]
    assert judge(sizes, {"dev": "#!/usr/bin/env bash\n" + "true\n" * 600}) == [("file-size", "dev")]
    assert judge(sizes, {"crd/x.yaml": "a:\n" * 2000}) == []


def test_python_is_measured_too(judge):
    long = "def long():\n" + "    pass\n" * 70
    assert judge(sizes, {"tests/e2e/x.py": long}) == [("function-size", "long")]
    assert judge(sizes, {"manifests/demo/run": "#!/usr/bin/python3\n" + long}) == [("function-size", "long")]
    assert judge(sizes, {"tests/e2e/x.py": "def f(:\n"}) == [("python", "tests/e2e/x.py")]
