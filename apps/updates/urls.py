"""Paths of the app."""

from django.urls import path

from apps.updates.api import ignored, mail, preferences, push, updates, watchers

urlpatterns = [
    path("ignored", ignored.IgnoredList.as_view()),
    path("watchers", watchers.WatcherList.as_view()),
    path("watchers/patch", watchers.WatcherOfThing.as_view()),
    path("watchers/delete", watchers.WatcherOfThing.as_view()),
    path("watchers/<id:watcher_id>", watchers.WatcherDetail.as_view()),
    path("unsubscribe/<mail_token:mail_token>", mail.Unsubscribe.as_view()),
    path("updates", updates.UpdateList.as_view()),
    path("updates/<id:update_id>", updates.UpdateDetail.as_view()),
    path("updates/push", push.PushList.as_view()),
    path("updates/push/<id:push_id>", push.PushDetail.as_view()),
    path("updates/preferences", preferences.PreferenceList.as_view()),
    path("updates/preferences/<id:update_type_id>", preferences.PreferenceDetail.as_view()),
]
