// SPDX-License-Identifier: MIT
#include "ui/backends/toolarguments.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QSet>
#include <QStringList>

namespace pilotlight {

namespace {

QJsonObject propertiesOf(const QJsonObject &schema)
{
    return schema.value(QStringLiteral("properties")).toObject();
}

QSet<QString> requiredOf(const QJsonObject &schema)
{
    QSet<QString> names;
    for (const QJsonValue &name : schema.value(QStringLiteral("required")).toArray())
        names.insert(name.toString());
    return names;
}

//! The types that a member may have; empty: any.
QStringList typesOf(const QJsonObject &member)
{
    QStringList types;
    const QJsonValue type = member.value(QStringLiteral("type"));
    if (type.isString())
        types.append(type.toString());
    for (const QJsonValue &one : type.toArray())
        types.append(one.toString());
    return types;
}

bool hasType(const QJsonValue &value, const QString &type)
{
    switch (value.type()) {
    case QJsonValue::Null:
        return type == QLatin1String("null");
    case QJsonValue::Bool:
        return type == QLatin1String("boolean");
    case QJsonValue::Double:
        return type == QLatin1String("number")
            || (type == QLatin1String("integer")
                && value.toDouble() == static_cast<double>(value.toInteger()));
    case QJsonValue::String:
        return type == QLatin1String("string");
    case QJsonValue::Array:
        return type == QLatin1String("array");
    case QJsonValue::Object:
        return type == QLatin1String("object");
    case QJsonValue::Undefined:
        break;
    }
    return false;
}

QJsonValue beginningOf(const QJsonObject &member)
{
    if (member.contains(QStringLiteral("default")))
        return member.value(QStringLiteral("default"));
    if (const QJsonArray values = member.value(QStringLiteral("enum")).toArray(); !values.isEmpty())
        return values.first();
    const QString type = typesOf(member).value(0);
    if (type == QLatin1String("boolean"))
        return false;
    if (type == QLatin1String("number") || type == QLatin1String("integer"))
        return member.value(QStringLiteral("minimum")).toDouble(0);
    if (type == QLatin1String("array"))
        return QJsonArray();
    if (type == QLatin1String("object"))
        return QJsonObject();
    return QString();
}

} // namespace

QString ToolArguments::skeleton(const QJsonObject &schema)
{
    const QJsonObject properties = propertiesOf(schema);
    const QSet<QString> required = requiredOf(schema);
    QJsonObject object;
    for (auto it = properties.begin(); it != properties.end(); ++it) {
        const QJsonObject member = it.value().toObject();
        if (required.contains(it.key()) || member.contains(QStringLiteral("default")))
            object.insert(it.key(), beginningOf(member));
    }
    return QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Indented)).trimmed();
}

Result<QJsonObject> ToolArguments::parse(const QString &text)
{
    if (text.trimmed().isEmpty())
        return QJsonObject();
    QJsonParseError error;
    const QByteArray bytes = text.toUtf8();
    const QJsonDocument document = QJsonDocument::fromJson(bytes, &error);
    if (error.error != QJsonParseError::NoError) {
        const qsizetype line = bytes.left(error.offset).count('\n') + 1;
        return failure(ErrorCode::InvalidJson,
                       tr("Line %1 is not JSON: %2.").arg(line).arg(error.errorString()));
    }
    if (!document.isObject())
        return failure(ErrorCode::InvalidArgument,
                       tr("The arguments must be an object: { \"name\": value }."));
    return document.object();
}

QString ToolArguments::problem(const QJsonObject &schema, const QJsonObject &arguments)
{
    const QJsonObject properties = propertiesOf(schema);
    for (const QJsonValue &name : schema.value(QStringLiteral("required")).toArray()) {
        if (!arguments.contains(name.toString()))
            return tr("“%1” is needed.").arg(name.toString());
    }
    for (auto it = arguments.begin(); it != arguments.end(); ++it) {
        if (!properties.contains(it.key())) {
            if (schema.value(QStringLiteral("additionalProperties")) == QJsonValue(false))
                return tr("The tool knows no “%1”.").arg(it.key());
            continue;
        }
        const QStringList types = typesOf(properties.value(it.key()).toObject());
        bool fits = types.isEmpty();
        for (const QString &type : types)
            fits = fits || hasType(it.value(), type);
        if (!fits)
            return tr("“%1” should be of type %2.")
                .arg(it.key(), types.join(QStringLiteral(" | ")));
    }
    return {};
}

QString ToolArguments::summary(const QJsonObject &schema)
{
    const QJsonObject properties = propertiesOf(schema);
    const QSet<QString> required = requiredOf(schema);
    QStringList lines;
    for (auto it = properties.begin(); it != properties.end(); ++it) {
        const QJsonObject member = it.value().toObject();
        QStringList facts;
        if (const QStringList types = typesOf(member); !types.isEmpty())
            facts.append(types.join(QStringLiteral(" | ")));
        if (required.contains(it.key()))
            facts.append(tr("needed"));
        QString line = it.key();
        if (!facts.isEmpty())
            line += QStringLiteral(" (%1)").arg(facts.join(QStringLiteral(", ")));
        const QString description =
            member.value(QStringLiteral("description")).toString().simplified();
        if (!description.isEmpty())
            line += QStringLiteral(": ") + description;
        lines.append(line);
    }
    return lines.join(QLatin1Char('\n'));
}

} // namespace pilotlight
