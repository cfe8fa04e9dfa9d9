//! From the text of an expression to its tree: the crate `cel` parses, this finds the paths, functions and macros in what it read.

use cel::common::ast::{CallExpr, EntryExpr, Expr as Ast, IdedExpr, LiteralValue, SourceInfo, operators};
use serde_json::Value;

use super::ExprError;
use super::eval::{Comparison, Fold, Node, Operation, Reach};
use super::functions::{self, FUNCTIONS};
use crate::error::nearest;
use crate::path::SourcePath;
use crate::transform;

/// What an expression names.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub paths: Vec<SourcePath>,
    pub item_paths: Vec<SourcePath>,
    pub whole_item: bool,
    pub piped: bool,
    pub references: Vec<String>,
    pub code_maps: Vec<String>,
    pub labels: bool,
}

type Result<T> = std::result::Result<T, ExprError>;

const AN_EXPRESSION: &str = "an expression such as age.years < 5 ? \"U5\" : \"5+\"";

/// Compiles a text; with `piped`, the name `value` is the value that came through the pipe.
pub(super) fn compile(text: &str, piped: bool) -> Result<(Node, Names)> {
    if text.trim().is_empty() {
        return Err(ExprError::new(1, "the expression is empty", AN_EXPRESSION));
    }
    let parser = cel::Env::default().with_optional_support(false).parser();
    let (ast, source) = parser.parse_with_source_info(text).map_err(|errors| syntax_error(text, &errors))?;
    let mut compiler = Compiler { source: &source, piped, names: Names::default(), locals: Vec::new() };
    let root = compiler.node(&ast)?;
    Ok((root, compiler.names))
}

/// Says a syntax error in our words: the parser's own list of expected tokens helps nobody.
fn syntax_error(text: &str, errors: &cel::ParseErrors) -> ExprError {
    let Some(first) = errors.errors.first() else { return ExprError::new(1, "this cannot be read as an expression", AN_EXPRESSION) };
    // Lines are joined: a cell is one line for the person who looks at it.
    let (line, in_line) = (usize::try_from(first.pos.0).unwrap_or(1), usize::try_from(first.pos.1).unwrap_or(1));
    let before: usize = text.split('\n').take(line.saturating_sub(1)).map(|line| line.chars().count() + 1).sum();
    let column = (before + in_line).max(1);
    let message = first.msg.trim_start_matches("Syntax error: ").trim_start_matches("ERROR: ");
    let (what, expected) = message.split_once(" expecting ").map_or((message, None), |(what, expected)| (what, Some(expected)));
    let what = if what.contains("<EOF>") || column > text.trim_end().chars().count() {
        "the expression ends too early".to_owned()
    } else if let Some(token) = what.split_once("input ").map(|(_, token)| token.trim()) {
        format!("`{}` cannot stand here", token.trim_matches('\''))
    } else if let Some((_, letters)) = what.split_once("recognition error at: ") {
        format!("`{}` cannot stand here", letters.trim_matches(['\'', ' ']))
    } else {
        what.to_lowercase()
    };
    let expected = match expected {
        Some(single) if !single.starts_with('{') => single.replace('\'', "`"),
        _ if text.contains(" = ") && !text.contains("==") => "`==` to compare".to_owned(),
        _ if text.contains(" and ") || text.contains(" or ") => "`&&` for and, `||` for or".to_owned(),
        _ => AN_EXPRESSION.to_owned(),
    };
    ExprError::new(column, what, expected)
}

struct Compiler<'a> {
    source: &'a SourceInfo,
    piped: bool,
    names: Names,
    /// The variables of the macros around, innermost last.
    locals: Vec<String>,
}

impl Compiler<'_> {
    fn column(&self, expr: &IdedExpr) -> usize {
        // The parser counts bytes, people count letters.
        let start = self.source.offset_for(expr.id).map_or(0, |(start, _)| start as usize);
        self.source.source.get(..start).map_or(start, |before| before.chars().count()) + 1
    }

    fn error<T>(&self, expr: &IdedExpr, message: impl Into<String>, expected: impl Into<String>) -> Result<T> {
        Err(ExprError::new(self.column(expr), message, expected))
    }

    fn boxed(&mut self, expr: &IdedExpr) -> Result<Box<Node>> {
        self.node(expr).map(Box::new)
    }

    fn node(&mut self, expr: &IdedExpr) -> Result<Node> {
        if let Some(place) = self.place(expr)? {
            return Ok(place);
        }
        match &expr.expr {
            Ast::Literal(literal) => self.literal(expr, literal).map(Node::Literal),
            Ast::Select(select) => Ok(Node::Field(self.boxed(&select.operand)?, select.field.as_str().into())),
            Ast::List(list) => {
                let items = list.elements.iter().map(|element| self.node(element)).collect::<Result<Vec<_>>>()?;
                Ok(constant_list(items))
            }
            Ast::Map(map) => {
                let mut entries = Vec::new();
                for entry in &map.entries {
                    match &entry.expr {
                        EntryExpr::MapEntry(entry) => entries.push((self.node(&entry.key)?, self.node(&entry.value)?)),
                        EntryExpr::StructField(_) => {
                            return self.error(expr, "messages are not part of this language", "a map: {\"name\": value}");
                        }
                    }
                }
                Ok(Node::Object(entries, self.column(expr)))
            }
            Ast::Call(call) => self.call(expr, call),
            Ast::Struct(_) => self.error(expr, "messages are not part of this language", "a map: {\"name\": value}"),
            Ast::Ident(_) | Ast::Comprehension(_) | Ast::Unspecified => self.error(expr, "this cannot stand here", AN_EXPRESSION),
        }
    }

    fn literal(&self, expr: &IdedExpr, literal: &LiteralValue) -> Result<Value> {
        Ok(match literal {
            LiteralValue::Null => Value::Null,
            LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
            LiteralValue::Int(value) => Value::from(*value.inner()),
            LiteralValue::UInt(value) => Value::from(*value.inner()),
            LiteralValue::Double(value) => Value::from(*value.inner()),
            LiteralValue::String(value) => Value::from(value.inner()),
            LiteralValue::Bytes(_) => return self.error(expr, "bytes are not part of this language", "a text in quotes"),
        })
    }

    /// A name with what is selected of it, as far as that is known without the record: `a.b[0]["any name"]`.
    fn place(&mut self, expr: &IdedExpr) -> Result<Option<Node>> {
        let mut steps: Vec<Link<'_>> = Vec::new();
        let mut at = expr;
        let root = loop {
            match &at.expr {
                Ast::Ident(name) => break name.as_str(),
                Ast::Select(select) => {
                    steps.push(Link::Name(&select.field));
                    at = &select.operand;
                }
                Ast::Call(call) if call.func_name == operators::INDEX && call.target.is_none() => {
                    match (call.args.first(), call.args.get(1)) {
                        (Some(base), Some(index)) => match &index.expr {
                            Ast::Literal(LiteralValue::String(name)) => {
                                steps.push(Link::Name(name.inner()));
                                at = base;
                            }
                            Ast::Literal(LiteralValue::Int(position)) => {
                                steps.push(Link::Position(*position.inner()));
                                at = base;
                            }
                            _ => return Ok(None),
                        },
                        _ => return Ok(None),
                    }
                }
                _ => return Ok(None),
            }
        };
        steps.reverse();
        if self.locals.iter().any(|local| local == root) {
            // The steps on a variable are ordinary selections; only the bare variable is a place.
            return Ok(steps.is_empty().then(|| self.local(root)));
        }
        let (steps, root) = match root {
            "record" => match steps.split_first() {
                Some((Link::Name(name), rest)) => (rest.to_vec(), (*name).to_owned()),
                _ => return self.error(at, "`record` alone is the whole record", "record[\"the name of a field\"]"),
            },
            "value" if self.piped => {
                self.names.piped = true;
                return Ok(steps.is_empty().then_some(Node::Piped));
            }
            "item" => {
                if steps.is_empty() {
                    self.names.whole_item = true;
                    return Ok(Some(Node::Item(None)));
                }
                let path = self.path(at, &path_text(None, &steps))?;
                let reach = reach(&path);
                if !self.names.item_paths.iter().any(|known| known.text() == path.text()) {
                    self.names.item_paths.push(path.clone());
                }
                return Ok(Some(Node::Item(Some((path, reach)))));
            }
            name => {
                let rest = if steps.is_empty() { None } else { Some(self.path(at, &path_text(None, &steps))?) };
                let path = self.path(at, &path_text(Some(name), &steps))?;
                return Ok(Some(self.path_node(path, Some(name.into()), rest)));
            }
        };
        // `record["a.b"]` is the field of exactly that name; only with further steps is it put together as a path.
        let text = if steps.is_empty() { root.clone() } else { path_text(Some(&root), &steps) };
        let path = self.path(at, &text)?;
        Ok(Some(self.path_node(path, None, None)))
    }

    fn path(&self, at: &IdedExpr, text: &str) -> Result<SourcePath> {
        SourcePath::parse(text).map_err(|error| ExprError::new(self.column(at), error.message, error.expected))
    }

    fn path_node(&mut self, path: SourcePath, root: Option<Box<str>>, rest: Option<SourcePath>) -> Node {
        if !self.names.paths.iter().any(|known| known.text() == path.text()) {
            self.names.paths.push(path.clone());
        }
        let reach = reach(&path);
        Node::Path { path, root, rest, reach }
    }

    fn local(&self, name: &str) -> Node {
        Node::Local(self.locals.iter().rev().position(|local| local == name).unwrap_or_default())
    }

    fn call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Result<Node> {
        let column = self.column(expr);
        if call.target.is_none() {
            match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::CONDITIONAL, [condition, then, otherwise]) => {
                    return Ok(Node::If(self.boxed(condition)?, self.boxed(then)?, self.boxed(otherwise)?, column));
                }
                (operators::LOGICAL_NOT, [inner]) => return Ok(Node::Not(self.boxed(inner)?, column)),
                (operators::NEGATE, [inner]) => return Ok(Node::Negate(self.boxed(inner)?, column)),
                (operators::INDEX, [base, index]) => return Ok(Node::Index(self.boxed(base)?, self.boxed(index)?, column)),
                (operator, [left, right]) => {
                    if let Some(node) = self.binary(operator, left, right, column)? {
                        return Ok(node);
                    }
                }
                _ => {}
            }
        }
        if let (Some(target), [variable, body]) = (&call.target, call.args.as_slice())
            && let Some(kind) =
                [Fold::Exists, Fold::All, Fold::ExistsOne, Fold::Map, Fold::Filter].into_iter().find(|kind| kind.name() == call.func_name)
        {
            return self.fold(kind, target, variable, body, column);
        }
        // The parser puts a call at its bracket; people look for its name.
        let column = column.saturating_sub(call.func_name.chars().count()).max(1);
        let arguments: Vec<&IdedExpr> = call.target.iter().map(AsRef::as_ref).chain(&call.args).collect();
        match (call.func_name.as_str(), arguments.as_slice()) {
            ("has", [inner]) => Ok(Node::Has(self.boxed(inner)?)),
            ("path", [IdedExpr { expr: Ast::Literal(LiteralValue::String(text)), .. }]) => {
                let path = SourcePath::parse(text.inner()).map_err(|error| ExprError::new(column, error.message, error.expected))?;
                Ok(self.path_node(path, None, None))
            }
            ("has" | "path", _) => {
                Err(ExprError::new(column, format!("`{}` does not take this", call.func_name), "has(a.b), path(\"Date of birth\")"))
            }
            (name, arguments) => match functions::find(name) {
                Some((function, name, arity, usage)) => {
                    if !arity.contains(&arguments.len()) {
                        return Err(ExprError::new(column, format!("`{name}` does not take {} values", arguments.len()), usage));
                    }
                    let arguments = arguments.iter().map(|argument| self.node(argument)).collect::<Result<_>>()?;
                    Ok(Node::Builtin { function, name, arguments, column })
                }
                None => self.transform(column, name, arguments),
            },
        }
    }

    fn binary(&mut self, operator: &str, left: &IdedExpr, right: &IdedExpr, column: usize) -> Result<Option<Node>> {
        let comparison = match operator {
            operators::LESS => Some(Comparison::Less),
            operators::LESS_EQUALS => Some(Comparison::LessOrEqual),
            operators::GREATER => Some(Comparison::Greater),
            operators::GREATER_EQUALS => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        let operation = match operator {
            operators::ADD => Some(Operation::Add),
            operators::SUBSTRACT => Some(Operation::Subtract),
            operators::MULTIPLY => Some(Operation::Multiply),
            operators::DIVIDE => Some(Operation::Divide),
            operators::MODULO => Some(Operation::Remainder),
            _ => None,
        };
        let known =
            matches!(operator, operators::LOGICAL_AND | operators::LOGICAL_OR | operators::EQUALS | operators::NOT_EQUALS | operators::IN);
        if comparison.is_none() && operation.is_none() && !known {
            return Ok(None);
        }
        let (left, right) = (self.boxed(left)?, self.boxed(right)?);
        Ok(Some(match (comparison, operation, operator) {
            (Some(comparison), _, _) => Node::Compare(comparison, left, right, column),
            (_, Some(operation), _) => Node::Arithmetic(operation, left, right, column),
            (_, _, operators::LOGICAL_AND) => Node::And(left, right, column),
            (_, _, operators::LOGICAL_OR) => Node::Or(left, right, column),
            (_, _, operators::IN) => Node::In(left, right, column),
            _ => Node::Equal { left, right, negated: operator == operators::NOT_EQUALS, column },
        }))
    }

    fn fold(&mut self, kind: Fold, list: &IdedExpr, variable: &IdedExpr, body: &IdedExpr, column: usize) -> Result<Node> {
        let Ast::Ident(name) = &variable.expr else {
            return self.error(
                variable,
                format!("`{}` wants the name of a variable first", kind.name()),
                format!("list.{}(x, ... x ...)", kind.name()),
            );
        };
        let list = self.boxed(list)?;
        self.locals.push(name.clone());
        let body = self.boxed(body);
        self.locals.pop();
        Ok(Node::Fold { kind, list, body: body?, column })
    }

    /// A transform called as a function: first its inputs, then its parameters, which are constants. `ref` has its flow first, as it is spoken.
    fn transform(&mut self, column: usize, name: &str, arguments: &[&IdedExpr]) -> Result<Node> {
        let Some(transform) = transform::find(name).filter(|transform| transform.in_expressions) else {
            let known = FUNCTIONS
                .iter()
                .map(functions::Function::name)
                .chain(transform::all().iter().filter(|known| known.in_expressions).map(|known| known.name));
            let expected =
                nearest(name, known).map_or("one of the functions that `kivuko transforms` lists".to_owned(), |word| format!("`{word}`"));
            return Err(ExprError::new(column, format!("`{name}` is not a function"), expected));
        };
        let mut arguments = arguments.to_vec();
        if name == "ref" && arguments.len() == 2 {
            arguments.swap(0, 1);
        }
        let inputs = transform.inputs();
        if arguments.len() < inputs {
            let plural = if inputs == 1 { "" } else { "s" };
            return Err(ExprError::new(column, format!("`{name}` wants {inputs} value{plural}"), transform.usage_in_expressions()));
        }
        let mut parameters = Vec::new();
        for argument in arguments.split_off(inputs) {
            let Ast::Literal(literal) = &argument.expr else {
                return self.error(argument, format!("this parameter of `{name}` must be a constant"), transform.usage_in_expressions());
            };
            parameters.push(transform::Argument::constant(self.column(argument), self.literal(argument, literal)?));
        }
        let step = transform.step(column, &parameters)?;
        self.names.references.extend(step.references().iter().cloned());
        self.names.code_maps.extend(step.code_map().map(str::to_owned));
        self.names.labels |= step.uses_labels();
        let arguments = arguments.into_iter().map(|argument| self.node(argument)).collect::<Result<_>>()?;
        Ok(Node::Transform { step, arguments })
    }
}

/// One step of a path as written in an expression.
#[derive(Clone, Copy)]
enum Link<'a> {
    Name(&'a str),
    Position(i64),
}

/// The same place in the path grammar.
fn path_text(root: Option<&str>, steps: &[Link<'_>]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for step in root.map(Link::Name).iter().chain(steps) {
        match step {
            Link::Name(name) => {
                let mut letters = name.chars();
                let plain = letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
                    && letters.all(|c| c.is_alphanumeric() || c == '_');
                if plain {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name);
                } else {
                    let _ = write!(text, "['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"));
                }
            }
            Link::Position(position) => {
                let _ = write!(text, "[{position}]");
            }
        }
    }
    text
}

/// How many values a path selects, as far as its form says.
fn reach(path: &SourcePath) -> Reach {
    let text = path.text();
    if text.contains("[]") || text.starts_with('$') {
        return Reach::List;
    }
    // Positions and quoted names select one; an item by identity may be there twice.
    let by_identity = text.contains('=')
        || text.split('[').skip(1).any(|inside| !inside.starts_with(|c: char| c.is_ascii_digit() || c == '\'' || c == '"'));
    if by_identity { Reach::Checked } else { Reach::One }
}

/// A list of constants is made once.
fn constant_list(items: Vec<Node>) -> Node {
    if items.iter().all(|item| matches!(item, Node::Literal(_))) {
        let values = items.into_iter().filter_map(|item| if let Node::Literal(value) = item { Some(value) } else { None }).collect();
        return Node::Literal(Value::Array(values));
    }
    Node::List(items)
}
