// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QCoreApplication>
#include <QJsonObject>
#include <QString>

namespace pilotlight {

//! The arguments of a tool as people write them: JSON text, helped along by the tool's schema.
class ToolArguments
{
    Q_DECLARE_TR_FUNCTIONS(ToolArguments)
public:
    //! Text to begin with: every required member, and every other one that has a default.
    static QString skeleton(const QJsonObject &schema);
    //! \a text as an object. Empty text is an empty object; the error's detail says in the user's
    //! words what is wrong and where.
    static Result<QJsonObject> parse(const QString &text);
    //! What the schema says against \a arguments: missing members and wrong types at the top level.
    //! A hint only; the server has the last word. Empty where there is nothing to say.
    static QString problem(const QJsonObject &schema, const QJsonObject &arguments);
    //! A line for each member: name, type, whether it is needed, description.
    static QString summary(const QJsonObject &schema);
};

} // namespace pilotlight
